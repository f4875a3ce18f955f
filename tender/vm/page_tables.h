#pragma once

// The guest's page tables (Intel SDM vol. 3, 4.5: 4-level paging), in memory that the guest has no address
// for.

#include <cstddef>
#include <cstdint>
#include <span>

namespace holm::tender {

// Bits of an entry.
enum PageBits : std::uint64_t {
    kPagePresent = 1,
    kPageWrite = 2,
    kPageUser = 4,
    kPageAccessed = 0x20,
    kPageDirty = 0x40,
    kPageLarge = 0x80,  // a 2 MiB page, in a page directory
    kPageNoExecute = std::uint64_t{1} << 63,
};
constexpr std::uint64_t kPageAddressMask = 0x000ffffffffff000;

// Pages that tables for [start, end) take at most, when every 4 KiB page has an entry of its own.
std::uint64_t count_page_tables(std::uint64_t start, std::uint64_t end);

class PageTables {
  public:
    // `pool`: zeroed memory for count_page_tables() pages, at physical address 0. The first is the root, so
    // CR3 is 0.
    explicit PageTables(std::span<std::uint64_t> pool) : pool_(pool) {}

    // Maps whole pages that were not mapped before, with large pages where both addresses allow. `bits`:
    // write, user, no-execute.
    void map(std::uint64_t address, std::uint64_t physical, std::uint64_t size, std::uint64_t bits);

    // Takes one 4 KiB page away; a large page around it becomes small ones.
    void unmap_page(std::uint64_t address);

    // The entry that maps this address, or 0.
    std::uint64_t entry(std::uint64_t address) const;

  private:
    static constexpr std::size_t kEntries = 512;

    std::uint64_t* table(std::uint64_t entry) { return pool_.data() + (entry & kPageAddressMask) / 8; }
    std::uint64_t& slot(std::uint64_t address, int level);
    std::uint64_t new_table();
    void split(std::uint64_t& large);

    std::span<std::uint64_t> pool_;
    std::size_t used_ = kEntries;  // words; the root is there
};

}  // namespace holm::tender
