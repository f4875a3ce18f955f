#pragma once

// What the loader found in an image's headers, all of it checked: mapping it needs no further decision.
// Addresses are the image's link addresses; nothing here is a pointer.

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "abi/manifest.h"
#include "tender/loader/elf.h"

namespace holm::tender {

// The head of the file that is read (once, copied) and parsed. Headers and manifest note must lie in it.
constexpr std::uint64_t kHeadSize = 8192;

constexpr std::uint64_t kMaxSegments = 16;
constexpr std::uint64_t kMaxProgramHeaders = 32;
constexpr std::uint64_t kMaxLinkAddress = std::uint64_t{1} << 46;
constexpr std::uint64_t kMaxImageSpan = std::uint64_t{1}
                                        << 30;  // bytes from the first to the last segment's end

struct Segment {
    std::uint64_t file_offset;  // page aligned
    std::uint64_t address;      // page aligned
    std::uint64_t file_size;    // bytes that come from the file
    std::uint64_t memory_size;  // >= file_size; the rest is zero. Equal to file_size when not writable.
    std::uint32_t flags;        // elf::SegmentFlag; never writable and executable at once

    // The segment holds all bytes of [start, start + size). Written so that no sum can overflow.
    bool holds(std::uint64_t start, std::uint64_t size) const {
        return start >= address && start - address <= memory_size && size <= memory_size - (start - address);
    }
    bool holds_from_file(std::uint64_t start, std::uint64_t size) const {
        return start >= address && start - address <= file_size && size <= file_size - (start - address);
    }
    std::uint64_t end() const { return address + memory_size; }
};

struct AddressRange {
    std::uint64_t start = 0;
    std::uint64_t size = 0;
};

struct LoadPlan {
    std::array<Segment, kMaxSegments> segment_storage;
    std::uint32_t segment_count = 0;

    std::uint64_t link_base = 0;  // page aligned address of the first segment
    std::uint64_t span = 0;       // bytes, a multiple of the page size
    std::uint64_t entry = 0;      // inside an executable segment
    std::uint64_t upcall = 0;     // inside an executable segment

    std::uint64_t program_headers = 0;  // inside a segment
    std::uint32_t program_header_count = 0;

    AddressRange relro;    // whole pages of one writable segment that become read-only; size 0: none
    AddressRange dynamic;  // inside a writable segment; size 0: none
    std::uint64_t dynamic_file_offset = 0;

    holm_manifest manifest;
    std::array<holm_manifest_device, HOLM_MAX_DEVICES> device_storage;

    std::span<const Segment> segments() const { return {segment_storage.data(), segment_count}; }
    std::span<const holm_manifest_device> devices() const {
        return {device_storage.data(), manifest.device_count};
    }
    const Segment* segment_of(std::uint64_t start, std::uint64_t size) const {
        for (const Segment& segment : segments())
            if (segment.holds(start, size)) return &segment;
        return nullptr;
    }
    // The link address of what lies at this place in the file; nothing if no segment maps it.
    std::optional<std::uint64_t> address_of_file(std::uint64_t offset) const {
        for (const Segment& segment : segments())
            if (offset >= segment.file_offset && offset - segment.file_offset < segment.file_size)
                return segment.address + (offset - segment.file_offset);
        return std::nullopt;
    }
};

constexpr std::uint64_t page_up(std::uint64_t value) {
    return (value + elf::kPageSize - 1) & ~(elf::kPageSize - 1);
}

}  // namespace holm::tender
