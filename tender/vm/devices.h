#pragma once

// The devices of a running virtual machine, as the thread that runs its processor serves them: when the guest
// waits, and when it rings a doorbell meanwhile.

#include <array>
#include <cstdint>
#include <span>

#include <poll.h>

#include "abi/boot_info.h"

namespace holm::tender {

class Device {
  public:
    // Moves all that can be moved without blocking, a bounded amount of it. True: the guest has something new
    // to look at.
    virtual bool serve() = 0;

    // The guest stored to the doorbell of this queue (enum holm_queue).
    virtual void ring(unsigned queue) = 0;

    // What to sleep on while there is nothing to move; a descriptor of -1 for nothing.
    virtual pollfd watch() const = 0;

    // What the guest did against the rules of the device's queues; null while it is in order. The instance
    // then ends.
    virtual const char* fault() const = 0;

  protected:
    ~Device() = default;
};

class Devices {
  public:
    // Doorbell q of device d of the manifest is the word at AddressMap::doorbells + 8 * (d * HOLM_MAX_QUEUES
    // + q).
    static constexpr std::uint64_t doorbell_offset(std::size_t device, unsigned queue) {
        return 8 * (device * HOLM_MAX_QUEUES + queue);
    }

    // `index`: the device's place in the manifest.
    void add(std::size_t index, Device& device) { devices_[index] = &device; }

    // True if any device has something for the guest.
    bool serve();

    // The store at this offset of the page of doorbells. False: there is no such doorbell.
    bool ring(std::uint64_t offset);

    // A device whose fault() says something, as an index into the manifest; null: none.
    struct Fault {
        std::size_t device = 0;
        const char* what = nullptr;
    };
    Fault fault() const;

    // Fills `polled` with what to sleep on; returns how many entries.
    std::size_t watch(std::span<pollfd, HOLM_MAX_DEVICES> polled) const;

  private:
    std::array<Device*, HOLM_MAX_DEVICES> devices_{};  // null: not granted, or no queues
};

}  // namespace holm::tender
