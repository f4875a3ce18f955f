#pragma once

// The device's side of one split virtqueue (virtio 1.2, 2.7; abi/virtqueue.h) whose driver is a guest. Place
// and size were fixed by the tender; everything in the ring is the guest's word. Each index, descriptor and
// length is copied once and then checked; what we have to remember, we keep ourselves. A guest that breaks
// the rules has broken the queue for good.

#include <cstdint>
#include <span>

#include <sys/uio.h>

#include "abi/virtqueue.h"
#include "tender/devices/bus_memory.h"

namespace holm::tender {

class Virtqueue {
  public:
    // What one chain may consist of; more is refused, as is a chain that loops.
    static constexpr std::size_t kMaximumPieces = 64;

    Virtqueue() = default;
    // `ring`: holm_virtq_bytes(size) bytes of the guest's memory, zeroed. `size`: a power of two up to
    // HOLM_VIRTQ_MAX_SIZE.
    Virtqueue(std::byte* ring, std::uint32_t size, const BusMemory& memory)
        : ring_(ring), size_(size), memory_(&memory) {}

    struct Chain {
        std::uint16_t head = 0;
        std::uint16_t readable = 0;       // pieces that the device reads; the ones that it writes follow
        std::uint16_t writable = 0;       // pieces that the device writes
        std::uint32_t readable_size = 0;  // bytes
        std::uint32_t writable_size = 0;
    };

    // Takes the next chain of the guest; its pieces, none of them empty, go to `pieces`. False if there
    // is none, or the queue is broken. Precondition: pieces.size() >= kMaximumPieces.
    bool next(std::span<iovec> pieces, Chain& chain);

    // Whether next() would find something.
    bool has_next() const;

    // Gives a chain back, of which `length` bytes were written. The guest sees it after publish().
    void put(std::uint16_t head, std::uint32_t length);
    // Shows the guest what was put; true if it asked to be told.
    bool publish();

    // The guest shall notify us when it has published `count` more chains than we have taken (1: at the next
    // one), or never. A guest that runs beside us may just have published them: look once more, with next().
    void notify_after(std::uint32_t count);
    void notify_never() { set_available_event(std::uint16_t(next_ - 1)); }

    // The device behind the queue has vanished: tells the driver so.
    void announce_gone();

    // What the guest did against the rules, for a message; null while it is in order.
    const char* broken() const { return broken_; }
    std::uint32_t size() const { return size_; }

  private:
    bool give_up(const char* why);
    bool add_piece(const holm_virtq_descriptor& descriptor, iovec& piece, Chain& chain);
    std::uint16_t load(std::uint32_t offset) const;
    void store(std::uint32_t offset, std::uint16_t value);
    void set_available_event(std::uint16_t index) { store(holm_virtq_available_event(size_), index); }

    std::byte* ring_ = nullptr;
    std::uint32_t size_ = 0;  // 0: the device has no such queue
    const BusMemory* memory_ = nullptr;
    std::uint16_t available_ = 0;  // the guest's index as last read
    std::uint16_t next_ = 0;       // chains taken
    std::uint16_t used_ = 0;       // chains given back
    std::uint16_t published_ = 0;  // of these, what the guest sees
    const char* broken_ = nullptr;
};

}  // namespace holm::tender
