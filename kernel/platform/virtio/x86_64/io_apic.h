#pragma once

// The controller of the lines that devices without messages use (82093AA).

#include <cstdint>

namespace holm::platform {

class IoApic {
  public:
    static constexpr std::uint64_t kPhysical = 0xfec00000;
    static constexpr std::uint64_t kSecondPhysical = 0xfec10000;  // where QEMU's microvm has its second one

    explicit IoApic(std::uint64_t registers) : registers_(registers) {}

    // How many inputs it has; 0: there is none at this address.
    std::uint32_t inputs() {
        const std::uint32_t version = read(1);
        return version == 0xffffffff || version == 0 ? 0 : (version >> 16 & 0xff) + 1;
    }
    // Sends an input's interrupts, at each rising edge, to the first processor.
    void route(std::uint32_t input, std::uint8_t vector) {
        write(0x11 + 2 * input, 0);
        write(0x10 + 2 * input, vector);
    }
    // The same for a line that stays as long as there is a reason.
    void route_level(std::uint32_t input, std::uint8_t vector, bool active_low) {
        write(0x11 + 2 * input, 0);
        write(0x10 + 2 * input, vector | 1u << 15 | (active_low ? 1u << 13 : 0));
    }

  private:
    std::uint32_t read(std::uint32_t index) {
        *reinterpret_cast<volatile std::uint32_t*>(registers_) = index;
        return *reinterpret_cast<volatile std::uint32_t*>(registers_ + 0x10);
    }
    void write(std::uint32_t index, std::uint32_t value) {
        *reinterpret_cast<volatile std::uint32_t*>(registers_) = index;
        *reinterpret_cast<volatile std::uint32_t*>(registers_ + 0x10) = value;
    }
    std::uint64_t registers_;
};

}  // namespace holm::platform
