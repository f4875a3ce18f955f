#pragma once

/* The one validator of a manifest. Tender, build tools and guest compile the same file; it needs no C library
 * and keeps no state. The bytes are hostile: nothing is believed before it was checked. */

#include <stddef.h>
#include <stdint.h>

#include "abi/manifest.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The first thing that is wrong, for one sentence: "offset 12: device_count is 65; allowed: 0 to 64". */
struct holm_manifest_problem {
    size_t offset;       /* of the field, from the start of the note's descriptor */
    const char* field;   /* its name in holm_manifest or holm_manifest_device */
    uint64_t found;      /* its value; for a name, the offending byte or the index of the name's twin */
    const char* allowed; /* what it may be */
};

/* 1 when `bytes` (the note's descriptor, any alignment) is a manifest this version understands, else 0 and
 * *problem says why. A valid manifest is exactly `size` bytes long. */
int holm_manifest_check(const void* bytes, size_t size, struct holm_manifest_problem* problem);

#ifdef __cplusplus
}
#endif
