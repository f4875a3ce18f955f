#pragma once

/* What an image declares it needs: one ELF note, written by the build, validated by base-free code that
 * tender, build tools and guest all compile (abi/manifest_check.h). A tender treats every byte of it as
 * hostile.
 *
 * Layout rules: little-endian, no padding that is not named, sizes pinned below. A change of meaning or of
 * layout raises HOLM_MANIFEST_VERSION. */

#include <stddef.h>
#include <stdint.h>

#define HOLM_NOTE_NAME "Holm"               /* note name, with its NUL: 5 bytes, padded to 8 */
#define HOLM_NOTE_TYPE_MANIFEST 0x314d4c48u /* "HLM1" */

#define HOLM_MANIFEST_VERSION 1u
#define HOLM_NAME_SIZE 32u /* bytes of a name field, NUL included; [a-z0-9_-], first a letter */
#define HOLM_MAX_DEVICES 64u
#define HOLM_PAGE_SIZE 4096u
#define HOLM_STACK_MINIMUM 0x4000u         /* bytes of the first stack: 16 KiB */
#define HOLM_STACK_LIMIT 0x4000000u        /* 64 MiB */
#define HOLM_MEMORY_LIMIT 0x10000000000ull /* bytes of heap: 1 TiB */

/* Platforms the image contains (bit numbers of holm_manifest.platforms and values of
 * holm_boot_info.platform). */
enum holm_platform {
    HOLM_PLATFORM_PROCESS = 0,
    HOLM_PLATFORM_VM = 1,
    HOLM_PLATFORM_VIRTIO = 2,
};

enum holm_device_kind {
    HOLM_DEVICE_NET = 1,
    HOLM_DEVICE_BLOCK = 2,
};

enum holm_device_flags {
    HOLM_DEVICE_OPTIONAL = 1u << 0,  /* the image starts without it */
    HOLM_DEVICE_READ_ONLY = 1u << 1, /* block only */
};

struct holm_manifest_device {
    char name[HOLM_NAME_SIZE]; /* unique in the manifest */
    uint32_t kind;             /* enum holm_device_kind */
    uint32_t flags;            /* enum holm_device_flags */
};

struct holm_manifest {
    uint32_t version;        /* HOLM_MANIFEST_VERSION */
    uint32_t size;           /* bytes of the note's descriptor: header and devices */
    uint32_t platforms;      /* bit set of 1u << enum holm_platform, not empty */
    uint32_t device_count;   /* 0..HOLM_MAX_DEVICES */
    uint64_t memory_minimum; /* bytes of heap without which the image does not start; a multiple of 4096 */
    uint64_t memory_default; /* bytes of heap when the operator does not say; >= memory_minimum, multiple of
                                4096 */
    uint32_t stack_size;     /* bytes of the first stack; multiple of 4096, 16 KiB..64 MiB */
    int32_t upcall; /* address of the guest's upcall routine minus the address of this field; it must lie in
                       an executable segment. See holm_upcall in abi/boot_info.h. */
    char name[HOLM_NAME_SIZE]; /* the image's name */
    /* struct holm_manifest_device devices[device_count] follows */
};

#ifdef __cplusplus
static_assert(sizeof(struct holm_manifest_device) == 40);
static_assert(sizeof(struct holm_manifest) == 72 && offsetof(struct holm_manifest, upcall) == 36);
#else
_Static_assert(sizeof(struct holm_manifest_device) == 40, "layout");
_Static_assert(sizeof(struct holm_manifest) == 72, "layout");
#endif
