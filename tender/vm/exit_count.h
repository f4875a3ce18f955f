#pragma once

// How often the guest called its tender, and what for: exits are what a virtual machine pays with.

#include <array>
#include <cstdint>

#include "tender/text/sentence.h"

namespace holm::tender {

class ExitCount {
  public:
    void count_call(std::uint64_t hypercall) {
        if (hypercall < calls_.size()) calls_[hypercall]++;
    }
    void count_doorbell() { doorbells_++; }
    void count_signal() { signals_++; }

    // "1234 exits: WAIT 1200, CONSOLE 4, doorbells 30".
    void describe(Sentence& line) const;

  private:
    static constexpr std::size_t kCalls = 8;  // of abi/hypercalls.h
    std::array<std::uint64_t, kCalls> calls_{};
    std::uint64_t doorbells_ = 0;
    std::uint64_t signals_ = 0;
};

}  // namespace holm::tender
