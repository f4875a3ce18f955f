#pragma once

// The driver's side of one split virtqueue (virtio 1.2, 2.7), on every transport: the transport says where
// the ring memory lies and how the device is notified.
//
// The device is another party. What it alone writes, the used ring, is copied once and checked against what
// is in flight; what it could overwrite, descriptors and available ring, is never read back. A device that
// breaks the rules is broken for good: nothing more is taken from its queue or added to it, and nothing that
// it was given may be used again, because it may still write there.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "abi/virtqueue.h"
#include "base/bytes.h"
#include "base/result.h"
#include "kernel/drivers/virtio/notifier.h"

namespace holm::drivers {

class Virtqueue {
  public:
    struct Setup {
        std::byte* memory =
            nullptr;  // holm_virtq_bytes(size) bytes, zeroed, at a multiple of 16; outlives the queue
        std::uint32_t size = 0;        // descriptors: a power of two up to HOLM_VIRTQ_MAX_SIZE
        std::uint64_t bus_offset = 0;  // our address of a byte less the address the device calls it by
        bool event_index = false;      // VIRTIO_F_EVENT_IDX was negotiated
    };

    // A chain that the device has done with.
    struct Completion {
        std::uint64_t token;   // as given to add()
        std::uint32_t length;  // bytes the device says it wrote, at most what the chain had for it
    };

    // Errors: kInvalid (a size that is none, memory that is not aligned), kOutOfMemory.
    static Result<std::unique_ptr<Virtqueue>> create(const Setup& setup, Notifier& notifier);
    Virtqueue(const Virtqueue&) = delete;
    Virtqueue& operator=(const Virtqueue&) = delete;

    // Adds a chain of buffers: what the device reads, then what it writes, in this order; empty ones are left
    // out. The buffers are the device's until the chain is taken. False, and nothing happens, when there are
    // not enough free descriptors or the device is broken. The device sees the chain after publish().
    // Precondition: at least one buffer is not empty; less than 4 GiB in all.
    bool add(std::span<const Bytes> readable, std::span<const MutableBytes> writable, std::uint64_t token);

    // Shows the device all that was added, and notifies it if it asked for that.
    void publish();

    // The next chain that the device has done with, in the device's order.
    std::optional<Completion> take();

    // Asks the device for an interrupt at the next chain it has done with. False if there is one to take
    // already (then the interrupt may or may not come).
    bool arm();
    // Interrupts are not needed: take() will be called anyway. With the event index a last one may still
    // come.
    void disarm();

    std::uint32_t size() const { return size_; }
    std::uint32_t free_descriptors() const { return free_; }
    // Chains published and not taken yet.
    std::uint32_t in_flight() const { return in_flight_; }

    // The device says that it has vanished (HOLM_VIRTQ_GONE).
    bool gone() const;

    // What the device did against the rules, for a message; null while it is in order.
    const char* broken() const { return broken_; }

    // Where a transport tells the device to look.
    struct BusAddresses {
        std::uint64_t descriptors, available, used;
    };
    BusAddresses bus_addresses() const;

  private:
    // What we know of each descriptor. The device cannot reach it.
    struct Slot {
        std::uint64_t token = 0;
        std::uint32_t writable = 0;  // bytes of the chain that the device may write
        std::uint16_t next = 0;      // in its chain, or in the list of free ones
        std::uint16_t count = 0;     // descriptors of the chain that begins here; 0: none does
        std::uint16_t index = 0;     // of the chain's entry in the available ring
    };

    Virtqueue(const Setup& setup, Notifier& notifier, std::unique_ptr<Slot[]> slots);
    std::optional<Completion> give_up(const char* why);
    std::uint16_t load(std::uint32_t offset) const;
    void store(std::uint32_t offset, std::uint16_t value);

    Notifier& notifier_;
    std::unique_ptr<Slot[]> slots_;
    std::byte* memory_;
    std::uint64_t bus_offset_;
    std::uint32_t size_;
    bool event_index_;
    std::uint16_t first_free_ = 0;
    std::uint32_t free_;
    std::uint32_t in_flight_ = 0;
    std::uint16_t added_ = 0;      // available index, counting what is not published
    std::uint16_t published_ = 0;  // available index that the device sees
    std::uint16_t used_ = 0;       // used index as last read
    std::uint16_t taken_ = 0;      // entries of the used ring taken
    const char* broken_ = nullptr;
};

}  // namespace holm::drivers
