#pragma once

// A block device of a guest: one virtqueue in its memory, a file behind it. Several threads serve it, because
// a disk may let each of them wait; what they do at the same time is the requests themselves, while the queue
// is one thread's at a time.
//
// The guest rings the doorbell, an eventfd, once a thread sleeps; whoever takes a request and is about to
// wait for the disk rings it for the next thread. The news that something is done goes to another eventfd, if
// the guest asked for it.

#include <atomic>
#include <cstdint>

#include "abi/boot_info.h"
#include "tender/devices/block_command.h"
#include "tender/devices/virtqueue.h"

namespace holm::tender {

class BlockDevice {
  public:
    struct Handles {
        int file;
        int doorbell;  // eventfd, blocking
        int news;      // eventfd, non-blocking
    };

    // `device` is what open_block() filled in; the ring is zeroed memory of the guest's. `memory` outlives
    // the device.
    BlockDevice(const holm_boot_device& device, const Handles& handles, std::byte* ring,
                std::uint32_t ring_size, const BusMemory& memory)
        : handles_(handles),
          limits_{.size = device.block.sector_count * device.block.sector_size,
                  .sector_size = device.block.sector_size,
                  .read_only = (device.block.flags & HOLM_DEVICE_READ_ONLY) != 0},
          queue_(ring, ring_size, memory) {}

    // In a thread: sleeps until the doorbell rings, then serves until there is nothing left.
    void serve();

    // In the thread that runs the guest: true if requests were done since the last call, of which the guest
    // wanted to hear.
    bool take_news();
    // What that thread sleeps on.
    int news_descriptor() const { return handles_.news; }
    // The guest has rung a doorbell that KVM did not turn into the eventfd.
    void ring();

    // What the guest did against the rules, for a message; null while it is in order.
    const char* broken() const { return broken_.load(std::memory_order_acquire); }

    const Handles& handles() const { return handles_; }
    std::uint64_t size() const { return limits_.size; }  // bytes

  private:
    class Lock;

    bool serve_one();
    bool take(std::span<iovec> pieces, Virtqueue::Chain& chain);
    void let_others_serve();
    void give_back(const Virtqueue::Chain& chain, std::uint32_t length);
    void tell();
    holm_virtio_block_status perform(const BlockCommand& command);
    holm_virtio_block_status read(const BlockCommand& command);
    holm_virtio_block_status write(const BlockCommand& command);
    holm_virtio_block_status make_hole(const BlockCommand& command);

    Handles handles_;
    BlockLimits limits_;
    Virtqueue queue_;
    std::atomic_flag locked_;
    std::atomic<bool> news_ = false;
    std::atomic<const char*> broken_ = nullptr;
};

}  // namespace holm::tender
