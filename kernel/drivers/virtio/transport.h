#pragma once

// How a virtio device is found out about and set up (virtio 1.2, 3.1), on whatever bus.

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "kernel/drivers/virtio/registers.h"
#include "kernel/drivers/virtio/virtqueue.h"

namespace holm::drivers {

enum VirtioDeviceType : std::uint32_t {
    kVirtioTypeNone = 0,
    kVirtioTypeNet = 1,
    kVirtioTypeBlock = 2,
    kVirtioTypeConsole = 3,
    kVirtioTypeEntropy = 4,
};

// Features of every device (6).
enum VirtioFeature : std::uint64_t {
    kVirtioEventIndex = std::uint64_t{1} << 29,
    kVirtioVersion1 = std::uint64_t{1} << 32,
};

enum VirtioStatus : std::uint8_t {
    kVirtioAcknowledge = 1,
    kVirtioDriver = 2,
    kVirtioDriverOk = 4,
    kVirtioFeaturesOk = 8,
};

// Where a store tells a device to look at a queue.
struct Doorbell {
    std::uint64_t address = 0;  // physical
    std::uint32_t value = 0;
};

class Transport {
  public:
    virtual std::uint32_t type() = 0;
    virtual std::uint8_t status() = 0;
    virtual void set_status(std::uint8_t status) = 0;
    std::uint64_t offered();
    void accept(std::uint64_t features);
    virtual std::uint8_t config8(std::uint32_t offset) = 0;

    // The most descriptors that a queue may have; 0: there is no such queue.
    virtual std::uint32_t queue_limit(std::uint16_t queue) = 0;
    // Errors: kProtocol.
    virtual Result<Doorbell> enable_queue(std::uint16_t queue, std::uint32_t size,
                                          const Virtqueue::BusAddresses& where) = 0;

  protected:
    // Where a bus has the registers that all of them have. Features are seen through a window of 32 bits.
    struct Offsets {
        std::uint32_t device_features_select, device_features;
        std::uint32_t driver_features_select, driver_features;
        std::uint32_t queue_descriptors, queue_available, queue_used;  // low halves; the high ones follow
    };
    Transport(Registers& registers, const Offsets& offsets) : registers_(registers), offsets_(offsets) {}
    ~Transport() = default;

    // Of the queue that is selected.
    void place_queue(const Virtqueue::BusAddresses& where);

    Registers& registers_;

  private:
    const Offsets& offsets_;
};

// From reset to the agreement on features: those of `wanted` that the device offers, and VIRTIO_F_VERSION_1,
// without which there is none. Errors: kProtocol (the device does not keep to the standard), kUnsupported.
Result<std::uint64_t> negotiate(Transport& device, std::uint64_t wanted);

// The device may use its queues from here on.
void start(Transport& device);

// Back to the beginning; the device lets go of its queues. Error: kProtocol.
Result<> reset(Transport& device);

// The size to give a queue: as the device allows, at most `wanted`, and a power of two; 0: there is none.
std::uint32_t queue_size(Transport& device, std::uint16_t queue, std::uint32_t wanted);

// The parts of a queue that lies at this bus address (abi/virtqueue.h).
Virtqueue::BusAddresses parts_of_queue(std::uint64_t address, std::uint32_t size);

}  // namespace holm::drivers
