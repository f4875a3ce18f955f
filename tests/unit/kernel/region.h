#pragma once

// What the memory tests share: a zeroed region of pages and a random generator with a printable seed.

#include <cstdlib>
#include <random>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "kernel/memory/pages.h"

namespace holm::tests {

class Region {
  public:
    explicit Region(std::size_t pages) : size_(pages * memory::kPageSize) {
        // Untouched until used, so that a test can ask which pages were; aligned to more than a page.
        void* start =
            mmap(nullptr, size_ + kAlignment, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (start == MAP_FAILED) std::abort();
        mapping_ = static_cast<std::byte*>(start);
        start_ = mapping_ + (-reinterpret_cast<std::uintptr_t>(mapping_) & (kAlignment - 1));
    }
    ~Region() { munmap(mapping_, size_ + kAlignment); }
    Region(const Region&) = delete;
    Region& operator=(const Region&) = delete;

    MutableBytes bytes() { return {start_, size_}; }

    std::size_t touched_pages() const {
        std::vector<unsigned char> resident(size_ / memory::kPageSize);
        if (mincore(start_, size_, resident.data()) != 0) std::abort();
        std::size_t count = 0;
        for (const unsigned char page : resident) count += page & 1;
        return count;
    }

  private:
    static constexpr std::size_t kAlignment = 64 * memory::kPageSize;
    std::size_t size_;
    std::byte* mapping_;
    std::byte* start_;
};

// HOLM_TEST_SEED replays a run; doctest prints the seed of a failed one.
inline std::uint64_t seed() {
    const char* given = std::getenv("HOLM_TEST_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 0) : 20'261'121;
}

class Random {
  public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}
    std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }

  private:
    std::mt19937_64 engine_;
};

}  // namespace holm::tests
