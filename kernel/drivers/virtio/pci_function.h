#pragma once

// One function on a PCI bus, by its configuration space (PCI Local Bus 3.0, 6). Hostile, as devices are.

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "kernel/drivers/virtio/registers.h"

namespace holm::drivers {

class PciFunction {
  public:
    explicit PciFunction(Registers& configuration) : configuration_(configuration) {}

    static constexpr std::uint16_t kNobody = 0xffff;
    std::uint16_t vendor() { return configuration_.read16(0x00); }
    std::uint16_t device() { return configuration_.read16(0x02); }
    std::uint16_t subsystem() { return configuration_.read16(0x2e); }
    bool has_more_functions() { return (configuration_.read8(0x0e) & 0x80) != 0; }
    bool is_bridge() { return (configuration_.read8(0x0e) & 0x7f) == 1; }
    std::uint8_t bus_behind() { return configuration_.read8(0x19); }

    // Its registers answer, and it may reach memory.
    void enable() { configuration_.write16(0x04, configuration_.read16(0x04) | kMemory | kMaster | kNoLine); }

    // Physical address of the memory that a base address register names. Errors: kProtocol, kUnsupported.
    Result<std::uint64_t> base_address(std::uint8_t index);

    // Offset of the next capability with this identity behind `after` (0: from the beginning); 0: none. A
    // list that runs in a circle ends.
    std::uint8_t find_capability(std::uint8_t identity, std::uint8_t after = 0);

    Registers& configuration() { return configuration_; }

  private:
    static constexpr std::uint16_t kMemory = 1 << 1;
    static constexpr std::uint16_t kMaster = 1 << 2;
    static constexpr std::uint16_t kNoLine = 1 << 10;  // interrupts by message only

    Registers& configuration_;
};

}  // namespace holm::drivers
