#include "tender/vm/page_tables.h"

#include <cassert>

namespace holm::tender {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kLarge = std::uint64_t{2} << 20;

// Levels count up from the page table, 0, to the root, 3.
constexpr int shift_of(int level) {
    return 12 + 9 * level;
}

constexpr std::uint64_t kBranch = kPagePresent | kPageWrite | kPageUser | kPageAccessed;

// Set at once, so that the processor has no reason ever to write to a table.
constexpr std::uint64_t kLeaf = kPagePresent | kPageAccessed | kPageDirty;

}  // namespace

std::uint64_t count_page_tables(std::uint64_t start, std::uint64_t end) {
    std::uint64_t pages = 1;
    for (int level = 1; level <= 3; level++)
        pages += ((end - 1) >> shift_of(level)) - (start >> shift_of(level)) + 1;
    return pages;
}

std::uint64_t PageTables::new_table() {
    assert(used_ + kEntries <= pool_.size());
    const std::uint64_t physical = used_ * sizeof(std::uint64_t);
    used_ += kEntries;
    return physical;
}

std::uint64_t& PageTables::slot(std::uint64_t address, int level) {
    std::uint64_t* entries = pool_.data();
    for (int at = 3;; at--) {
        std::uint64_t& entry = entries[(address >> shift_of(at)) % kEntries];
        if (at == level) return entry;
        if (entry == 0) entry = new_table() | kBranch;
        if (entry & kPageLarge) split(entry);
        entries = table(entry);
    }
}

void PageTables::split(std::uint64_t& large) {
    const std::uint64_t first = large & ~std::uint64_t{kPageLarge};
    const std::uint64_t physical = new_table();
    std::uint64_t* const entries = table(physical);
    for (std::size_t i = 0; i < kEntries; i++) entries[i] = first + i * kPage;
    large = physical | kBranch;
}

void PageTables::map(std::uint64_t address, std::uint64_t physical, std::uint64_t size, std::uint64_t bits) {
    assert(address % kPage == 0 && physical % kPage == 0 && size % kPage == 0);
    while (size != 0) {
        if ((address | physical) % kLarge == 0 && size >= kLarge) {
            slot(address, 1) = physical | bits | kLeaf | kPageLarge;
            address += kLarge, physical += kLarge, size -= kLarge;
            continue;
        }
        // The rest of this page table, without another walk.
        std::uint64_t* entry = &slot(address, 0);
        do {
            *entry++ = physical | bits | kLeaf;
            address += kPage, physical += kPage, size -= kPage;
        } while (size != 0 && address % kLarge != 0);
    }
}

void PageTables::unmap_page(std::uint64_t address) {
    slot(address, 0) = 0;
}

std::uint64_t PageTables::entry(std::uint64_t address) const {
    const std::uint64_t* entries = pool_.data();
    for (int at = 3;; at--) {
        const std::uint64_t entry = entries[(address >> shift_of(at)) % kEntries];
        if (at == 0 || entry == 0 || (entry & kPageLarge)) return entry;
        entries = pool_.data() + (entry & kPageAddressMask) / 8;
    }
}

}  // namespace holm::tender
