#pragma once

// What was refused, and how often.

#include <array>
#include <cstdint>

namespace holm::posix {

class Refusals {
  public:
    // True the first time for `number`, which is below kNumbers, or for the literal `use`.
    bool note(unsigned number) {
        ++total_;
        return counts_[number]++ == 0;
    }
    bool note(const char* use) {
        ++total_;
        for (const char*& seen : uses_) {
            if (seen == use) return false;
            if (seen == nullptr) {
                seen = use;
                return true;
            }
        }
        return false;  // more kinds than places: quiet, but counted
    }

    std::uint64_t total() const { return total_; }
    std::uint32_t count(unsigned number) const { return counts_[number]; }

    static constexpr unsigned kNumbers = 512;

  private:
    std::uint64_t total_ = 0;
    std::array<std::uint32_t, kNumbers> counts_{};
    std::array<const char*, 32> uses_{};
};

}  // namespace holm::posix
