#pragma once

// Return addresses by the chain of frame pointers (all code is compiled with them; musl is not, so a chain
// through one of its callbacks may lack a frame). The stack may be what is broken: every frame is checked
// before it is read.

#include <cstddef>
#include <cstdint>
#include <span>

namespace holm {

struct AddressRange {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;

    bool contains(std::uint64_t address, std::uint64_t size = 1) const {
        return address >= begin && address < end && end - address >= size;
    }
};

// Writes at most addresses.size() return addresses, innermost first, and returns their number. Stops at the
// first frame that does not lie above the one before it and within one of `readable`, or that returns to
// outside `text`.
std::size_t backtrace(std::uint64_t frame_pointer, std::span<const AddressRange> readable, AddressRange text,
                      std::span<std::uint64_t> addresses);

}  // namespace holm
