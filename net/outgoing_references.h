#pragma once

// Payload that a device reads where it lies, some time after transmit(). Whoever owns such bytes and is done
// with them waits until everything that had been handed over by then has been read.

#include <bitset>
#include <cstddef>
#include <cstdint>

namespace holm::net {

class OutgoingReferences {
  public:
    static constexpr std::size_t kWindow = 1024;  // frames under way, of all devices

    // The number of a frame whose payload is going to be read later; 0: too many are under way, copy it.
    std::uint64_t issue() {
        if (issued_ - settled_ == kWindow) return 0;
        ++issued_;
        read_.reset(issued_ % kWindow);
        return issued_;
    }
    // It was read, or never will be. In any order; numbers that are not under way are ignored.
    void finish(std::uint64_t number) {
        if (number - settled_ - 1 >= issued_ - settled_) return;
        read_.set(number % kWindow);
        while (settled_ != issued_ && read_.test((settled_ + 1) % kWindow)) ++settled_;
    }

    // The last number given out, and the last up to which all are finished.
    std::uint64_t issued() const { return issued_; }
    std::uint64_t settled() const { return settled_; }

  private:
    std::uint64_t issued_ = 0;
    std::uint64_t settled_ = 0;
    std::bitset<kWindow> read_;
};

}  // namespace holm::net
