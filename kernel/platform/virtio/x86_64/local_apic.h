#pragma once

// The processor's own interrupt controller and its timer (Intel SDM vol. 3, 11).

#include <cstdint>

#include "kernel/platform/virtio/x86_64/ring0_layout.h"

namespace holm::platform {

class LocalApic {
  public:
    static constexpr std::uint64_t kPhysical = 0xfee00000;

    explicit LocalApic(std::uint64_t registers) : registers_(registers) {}

    // With `tsc_deadline` the timer follows a register that ring 0 writes, otherwise start_timer().
    void start(bool tsc_deadline) {
        constexpr std::uint32_t kEnabled = 1 << 8;
        constexpr std::uint32_t kMasked = 1 << 16;
        constexpr std::uint32_t kTscDeadline = 2 << 17;
        write(0x80, 0);  // task priority: everything comes through
        write(0xf0, kEnabled | HOLM_VECTOR_SPURIOUS);
        write(0x350, kMasked);  // LINT0: the old interrupt controller
        write(0x3e0, 0x3);      // timer: one count is 16 of its clock
        write(0x320, HOLM_VECTOR_TIMER | (tsc_deadline ? kTscDeadline : 0));
    }
    void end_of_interrupt() { write(0xb0, 0); }

    // An interrupt after `count` of the timer's ticks; 0: none.
    void start_timer(std::uint32_t count) { write(0x380, count); }
    std::uint32_t timer_left() const { return read(0x390); }

    // False: there is none at this address.
    bool present() const {
        const std::uint32_t version = read(0x30);
        return version != 0xffffffff && version != 0;
    }

  private:
    std::uint32_t read(std::uint32_t offset) const {
        return *reinterpret_cast<const volatile std::uint32_t*>(registers_ + offset);
    }
    void write(std::uint32_t offset, std::uint32_t value) {
        *reinterpret_cast<volatile std::uint32_t*>(registers_ + offset) = value;
    }
    std::uint64_t registers_;
};

}  // namespace holm::platform
