#pragma once

// Which pages of the tender's own memory have ever been touched (/proc/self/pagemap): a heap may be a
// thousand times the memory in use, and looking at each of its pages would take a second for each GiB.

#include <array>
#include <cstddef>
#include <cstdint>

namespace holm::tender {

class TouchedPages {
  public:
    // `pagemap`: the file, opened before the tender was confined; -1: not there, and all count as touched.
    explicit TouchedPages(int pagemap) : pagemap_(pagemap) {}

    bool has(const std::byte* page);

  private:
    static constexpr std::uint64_t kNowhere = ~std::uint64_t{0};

    int pagemap_;
    std::uint64_t first_ = kNowhere;  // page number of the first entry
    std::size_t count_ = 0;
    std::array<std::uint64_t, 512> entries_;
};

// For TouchedPages; -1 where /proc is not mounted.
int open_pagemap();

}  // namespace holm::tender
