#pragma once

// The running image as a report describes it, read from its own program headers.

#include <cstdint>
#include <span>

#include "kernel/panic/backtrace.h"

struct holm_boot_info;

namespace holm {

struct ImageLayout {
    AddressRange text;
    AddressRange read_only;  // from the image's base up to its first writable byte, text included
    AddressRange data;
    AddressRange whole;
    std::uint64_t slide = 0;  // address in memory minus address at link time
    std::span<const std::uint8_t> build_id;
};

ImageLayout image_layout(const holm_boot_info& boot);

}  // namespace holm
