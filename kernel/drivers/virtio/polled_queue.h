#pragma once

// One request at a time, waited for by looking: what the boot asks of a device before there is a heap and
// interrupts.

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "kernel/drivers/virtio/registers.h"
#include "kernel/drivers/virtio/transport.h"

namespace holm::drivers {

class PolledQueue {
  public:
    static constexpr std::uint32_t kSize = 4;
    static constexpr std::uint32_t kBytes = 256;  // of its memory, which begins at a multiple of 64

    // `memory` (kBytes, zeroed) is where the device finds it too. `ring` tells the device to look.
    PolledQueue(MutableBytes memory, Registers& doorbell, std::uint32_t doorbell_value)
        : memory_(memory.data()), doorbell_(doorbell), value_(doorbell_value) {}

    struct Piece {
        std::uint64_t address;
        std::uint32_t size;
        bool for_device_to_write;
    };
    // How many bytes the device says it has written, at most what it may. Errors: kTimedOut, kProtocol.
    Result<std::uint32_t> request(std::span<const Piece> pieces);

  private:
    std::byte* memory_;
    Registers& doorbell_;
    std::uint32_t value_;
    std::uint16_t done_ = 0;
};

}  // namespace holm::drivers
