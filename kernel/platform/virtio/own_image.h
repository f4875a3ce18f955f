#pragma once

// The image as it finds itself in memory, at its link address. It is trusted: it is what is running.

#include <cstdint>

#include "base/result.h"
#include "kernel/platform/virtio/page_tables.h"

namespace holm::platform {

struct OwnImage {
    std::uint64_t start;  // address of its first byte, physical and at link time
    std::uint64_t end;    // whole pages
    std::uint64_t program_headers;
    std::uint32_t program_header_count;
    std::uint64_t entry;
};
OwnImage own_image();

// Maps its segments `offset` above where they lie, as the program headers want it, and read-only what is
// constant after relocation.
Result<> map_own_image(PageTables& tables, std::uint64_t offset);

// Applies the relative relocations. From here on pointers in static data lead to where the image will be, not
// where it is.
Result<> relocate_own_image(std::uint64_t offset);

}  // namespace holm::platform
