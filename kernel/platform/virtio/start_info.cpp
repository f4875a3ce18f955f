#include "kernel/platform/virtio/start_info.h"

#include <algorithm>

namespace holm::platform {
namespace {

constexpr std::uint32_t kMagic = 0x336ec578;
constexpr std::uint32_t kTypeRam = 1;
constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kHighest = std::uint64_t{1} << 52;  // physical addresses have 52 bits at most

struct Header {
    std::uint32_t magic;
    std::uint32_t version;
    std::uint32_t flags;
    std::uint32_t module_count;
    std::uint64_t modules;
    std::uint64_t command_line;
    std::uint64_t acpi_root;
    // From version 1 on:
    std::uint64_t memory_map;
    std::uint32_t memory_map_count;
    std::uint32_t reserved;
};
static_assert(sizeof(Header) == 56);

struct MapEntry {
    std::uint64_t start;
    std::uint64_t size;
    std::uint32_t type;
    std::uint32_t reserved;
};
static_assert(sizeof(MapEntry) == 24);

}  // namespace

Result<StartInfo> StartInfo::read(PhysicalMemory& memory, std::uint64_t address) {
    const auto header = memory.read<Header>(address);
    if (!header || header->magic != kMagic)
        return fail(ErrorCode::kInvalid, "the start info has no PVH magic: the image was not entered by PVH");
    if (header->version == 0 || header->memory_map == 0)
        return fail(ErrorCode::kUnsupported, "the start info has no memory map; PVH version 1 has one");
    StartInfo info;
    info.acpi_root_ = header->acpi_root;
    TRY(info.read_command_line(memory, header->command_line));
    TRY(info.read_memory_map(memory, header->memory_map, header->memory_map_count));
    return info;
}

Result<> StartInfo::read_command_line(PhysicalMemory& memory, std::uint64_t address) {
    if (address == 0) return {};
    constexpr std::size_t kPiece = 64;
    std::size_t size = 0;
    for (bool ended = false; !ended;) {
        Bytes piece = memory.view(address + size, kPiece);
        if (piece.empty()) piece = memory.view(address + size, 1);
        if (piece.empty()) return fail(ErrorCode::kFault, "the command line lies outside of memory");
        const std::size_t length = as_text(piece).find('\0');
        ended = length != std::string_view::npos;
        size += ended ? length : piece.size();
        if (size > kMaxCommandLine)
            return fail(ErrorCode::kTooLarge, "the command line is longer than 16 KiB");
    }
    command_line_ = as_text(memory.view(address, size));
    return {};
}

Result<> StartInfo::read_memory_map(PhysicalMemory& memory, std::uint64_t address, std::uint32_t count) {
    if (count == 0 || count > kMaxRanges)
        return fail(ErrorCode::kInvalid, "the memory map has no entry, or more than 128");
    const auto entry_at = [&](std::uint32_t index) -> Result<MapEntry> {
        const auto entry = memory.read<MapEntry>(address + index * sizeof(MapEntry));
        if (!entry) return fail(ErrorCode::kFault, "the memory map lies outside of memory");
        if (entry->start >= kHighest || entry->size > kHighest - entry->start)
            return fail(ErrorCode::kInvalid, "an entry of the memory map is larger than any memory");
        return *entry;
    };
    for (std::uint32_t i = 0; i < count; ++i) {
        const MapEntry entry = TRY(entry_at(i));
        const std::uint64_t start = (entry.start + kPage - 1) & -kPage;
        const std::uint64_t end = (entry.start + entry.size) & -kPage;
        if (entry.type == kTypeRam && start < end) TRY(add({start, end}));
    }
    for (std::uint32_t i = 0; i < count; ++i) {
        const MapEntry entry = TRY(entry_at(i));
        const std::uint64_t end = (entry.start + entry.size + kPage - 1) & -kPage;
        if (entry.type != kTypeRam && entry.size != 0) TRY(take_away({entry.start & -kPage, end}));
    }
    return {};
}

// Ranges that touch become one; one that overlaps another says that the map is no map.
Result<> StartInfo::add(MemoryRange range) {
    std::size_t at = 0;
    while (at < count_ && ranges_[at].start < range.start) ++at;
    if ((at > 0 && ranges_[at - 1].end > range.start) || (at < count_ && ranges_[at].start < range.end))
        return fail(ErrorCode::kInvalid, "two entries of the memory map overlap");
    const bool joins_before = at > 0 && ranges_[at - 1].end == range.start;
    const bool joins_after = at < count_ && ranges_[at].start == range.end;
    if (joins_after) {
        ranges_[at].start = joins_before ? ranges_[at - 1].start : range.start;
        if (joins_before)
            std::copy(ranges_.begin() + at, ranges_.begin() + count_--, ranges_.begin() + at - 1);
        return {};
    }
    if (joins_before) {
        ranges_[at - 1].end = range.end;
        return {};
    }
    std::copy_backward(ranges_.begin() + at, ranges_.begin() + count_, ranges_.begin() + count_ + 1);
    ranges_[at] = range;
    ++count_;
    return {};
}

Result<> StartInfo::take_away(MemoryRange range) {
    for (std::size_t i = 0; i < count_; ++i) {
        MemoryRange& usable = ranges_[i];
        if (range.start >= usable.end || range.end <= usable.start) continue;
        const MemoryRange after{range.end, usable.end};
        usable.end = std::max(range.start, usable.start);
        if (after.start < after.end) {
            if (usable.size() == 0) {
                usable = after;
            } else {
                if (count_ == kMaxRanges)
                    return fail(ErrorCode::kTooLarge, "the memory map is in too many pieces");
                TRY(add(after));
            }
        }
    }
    count_ = static_cast<std::size_t>(std::remove_if(ranges_.begin(), ranges_.begin() + count_,
                                                     [](const auto& r) { return r.size() == 0; }) -
                                      ranges_.begin());
    return {};
}

}  // namespace holm::platform
