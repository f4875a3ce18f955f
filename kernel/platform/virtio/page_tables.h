#pragma once

// Page tables of x86-64 with four levels, made in memory that is not in use as such yet. All pages are small:
// a guard page may come anywhere, and ring 0, which takes it out, shall not have to split anything.

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace holm::platform {

// Who may do what with a page. There is no such thing as writable and executable.
enum class PageAccess : std::uint8_t {
    kRead,
    kReadWrite,
    kReadExecute,
    kDevice,            // registers: read and write, not cached
    kRing0ReadWrite,    // not for ring 3
    kRing0ReadExecute,  // not for ring 3
};

class PageTables {
  public:
    static constexpr std::uint64_t kPage = 4096;

    // Takes tables from `memory` (whole pages, which need not be zero), whose first byte has the physical
    // address `physical`.
    PageTables(MutableBytes memory, std::uint64_t physical);

    // Maps `pages` pages from `virtual_address` on. Errors: kInvalid (an address that is not a page's, or
    // beyond what four levels reach in the lower half), kExists (a page is mapped already), kOutOfMemory.
    Result<> map(std::uint64_t virtual_address, std::uint64_t physical, std::uint64_t pages,
                 PageAccess access);

    // Physical address of the top table, and how much of the memory is in use.
    std::uint64_t root() const { return physical_; }
    std::uint64_t used() const { return used_; }

    // The tables that mapping one run of `pages` pages can need, in bytes.
    static std::uint64_t bytes_for(std::uint64_t pages);

  private:
    std::uint64_t* table(std::uint64_t physical);
    // The table below `entry`, made if there is none; null when the memory is used up.
    std::uint64_t* descend(std::uint64_t& entry);
    std::uint64_t* take();

    MutableBytes memory_;
    std::uint64_t physical_;
    std::uint64_t used_ = 0;
};

}  // namespace holm::platform
