#include "kernel/platform/virtio/page_tables.h"

#include <algorithm>
#include <cstring>

namespace holm::platform {
namespace {

// Bits of an entry (Intel SDM vol. 3, 4.5).
constexpr std::uint64_t kPresent = 1 << 0;
constexpr std::uint64_t kWritable = 1 << 1;
constexpr std::uint64_t kForRing3 = 1 << 2;
constexpr std::uint64_t kNotCached = 1 << 3 | 1 << 4;
constexpr std::uint64_t kAccessed = 1 << 5;
constexpr std::uint64_t kDirty = 1 << 6;
constexpr std::uint64_t kNoExecute = std::uint64_t{1} << 63;
constexpr std::uint64_t kAddress = 0x000ffffffffff000;

constexpr std::uint64_t kEntries = 512;
constexpr std::uint64_t kLowerHalf = std::uint64_t{1} << 47;

// Accessed and dirty from the start: nobody looks at them, and the processor need not write them.
constexpr std::uint64_t bits_of(PageAccess access) {
    constexpr std::uint64_t kAny = kPresent | kAccessed;
    switch (access) {
        case PageAccess::kRead:
            return kAny | kForRing3 | kNoExecute;
        case PageAccess::kReadWrite:
            return kAny | kForRing3 | kWritable | kDirty | kNoExecute;
        case PageAccess::kReadExecute:
            return kAny | kForRing3;
        case PageAccess::kDevice:
            return kAny | kForRing3 | kWritable | kDirty | kNotCached | kNoExecute;
        case PageAccess::kRing0ReadWrite:
            return kAny | kWritable | kDirty | kNoExecute;
        case PageAccess::kRing0ReadExecute:
            return kAny;
    }
    return 0;
}

}  // namespace

PageTables::PageTables(MutableBytes memory, std::uint64_t physical) : memory_(memory), physical_(physical) {
    take();
}

std::uint64_t PageTables::bytes_for(std::uint64_t pages) {
    // At each level one more than fills up, because a run need not begin where a table does.
    std::uint64_t tables = 0;
    for (int level = 0; level < 3; ++level) {
        pages = pages / kEntries + 2;
        tables += pages;
    }
    return tables * kPage;
}

std::uint64_t* PageTables::take() {
    if (memory_.size() - used_ < kPage) return nullptr;
    std::byte* page = memory_.data() + used_;
    std::memset(page, 0, kPage);
    used_ += kPage;
    return reinterpret_cast<std::uint64_t*>(page);
}

std::uint64_t* PageTables::table(std::uint64_t physical) {
    return reinterpret_cast<std::uint64_t*>(memory_.data() + (physical - physical_));
}

std::uint64_t* PageTables::descend(std::uint64_t& entry) {
    if ((entry & kPresent) != 0) return table(entry & kAddress);
    const std::uint64_t physical = physical_ + used_;
    std::uint64_t* below = take();
    // The last level decides; these let everything through.
    if (below) entry = physical | kPresent | kAccessed | kWritable | kForRing3;
    return below;
}

Result<> PageTables::map(std::uint64_t virtual_address, std::uint64_t physical, std::uint64_t pages,
                         PageAccess access) {
    if ((virtual_address | physical) % kPage != 0)
        return fail(ErrorCode::kInvalid, "not the address of a page");
    if (virtual_address >= kLowerHalf || pages > (kLowerHalf - virtual_address) / kPage ||
        physical > kAddress || pages > (kAddress - physical) / kPage + 1)
        return fail(ErrorCode::kInvalid, "an address beyond what page tables reach");
    while (pages != 0) {
        std::uint64_t* here = memory_.size() < kPage ? nullptr : table(physical_);
        for (int level = 3; level > 0 && here; --level)
            here = descend(here[virtual_address >> (12 + 9 * level) & (kEntries - 1)]);
        if (!here) return fail(ErrorCode::kOutOfMemory, "no memory for page tables");
        const std::uint64_t first = virtual_address / kPage % kEntries;
        const std::uint64_t count = std::min(pages, kEntries - first);
        for (std::uint64_t i = first; i < first + count; ++i) {
            if (here[i] != 0) return fail(ErrorCode::kExists, "a page is mapped twice");
            here[i] = physical | bits_of(access);
            physical += kPage;
        }
        virtual_address += count * kPage;
        pages -= count;
    }
    return {};
}

}  // namespace holm::platform
