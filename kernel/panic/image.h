#pragma once

// The running image as a report describes it, read from its own program headers.

#include <cstdint>
#include <span>

#include "kernel/panic/backtrace.h"

struct holm_boot_info;

namespace holm {

struct ImageLayout {
    AddressRange text;       // from the first byte of code to the last
    AddressRange hidden;     // in the middle of it: constants of a large image, which are no code; or empty
    AddressRange read_only;  // from the image's base up to its first writable byte, text included
    AddressRange data;
    AddressRange whole;
    std::uint64_t slide = 0;  // address in memory minus address at link time
    std::span<const std::uint8_t> build_id;

    bool is_code(std::uint64_t address) const { return text.contains(address) && !hidden.contains(address); }
    // How many bytes of code lie in front of an address of code.
    std::uint64_t code_offset(std::uint64_t address) const {
        return address - text.begin - (address < hidden.end ? 0 : hidden.end - hidden.begin);
    }
};

ImageLayout image_layout(const holm_boot_info& boot);

}  // namespace holm
