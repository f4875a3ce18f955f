#pragma once

// A virtio block device (virtio 1.2, section 5.2) on any transport: one virtqueue, and what was negotiated.
//
// The device is another party: what it says is checked, and one that breaks the rules of its queue is broken
// for good. It may still write to the buffers that it was given then, so jobs in flight at that moment are
// abandoned.

#include <memory>

#include "abi/virtio_block.h"
#include "base/result.h"
#include "kernel/drivers/block/block_driver.h"
#include "kernel/drivers/virtio/virtqueue.h"

namespace holm::drivers {

class VirtioBlock final : public BlockDriver {
  public:
    static constexpr std::uint32_t kMostRequests = 64;
    static constexpr std::uint64_t kLongestTransfer = std::uint64_t{256} * 1024;  // bytes

    // `geometry` says what the device is and can do, all but the length of transfers; `longest_piece` is how
    // long a buffer may be (0: no limit), `flushes` whether the device has a cache to flush. The notifier
    // outlives the driver. Errors: those of Virtqueue::create(), kInvalid (a geometry that cannot be),
    // kOutOfMemory.
    struct Setup {
        Virtqueue::Setup queue;
        BlockGeometry geometry;
        std::uint32_t longest_piece = 0;
        bool flushes = true;
    };
    static Result<std::unique_ptr<VirtioBlock>> create(const Setup& setup, Notifier& notifier);

    const BlockGeometry& geometry() const override { return geometry_; }
    // The device is asked in any case.
    std::size_t read_at_once(std::uint64_t, std::span<const MutableBytes>) override { return 0; }
    bool submit(BlockJob& job) override;
    void kick() override { queue_->publish(); }
    unsigned reap(BlockSink& sink) override;
    platform::Readiness readiness() override;

    // What the device did against the rules, for a message; null while it is in order.
    const char* fault() const { return queue_->broken(); }

  private:
    // What a request needs beside its buffer. The device reads and writes here.
    struct Request {
        holm_virtio_block_header header;
        holm_virtio_block_range range;
        std::uint8_t status;
        std::uint8_t padding[31];
    };
    static_assert(sizeof(Request) == 64);

    // What we know of it; the device cannot reach it.
    struct Slot {
        BlockJob* job = nullptr;
        std::uint32_t next = 0;  // of the free ones
    };

    VirtioBlock(const Setup& setup, std::unique_ptr<Virtqueue> queue, std::unique_ptr<Request[]> requests,
                std::unique_ptr<Slot[]> slots, std::uint32_t count);
    bool dead() const { return queue_->broken() != nullptr || queue_->gone(); }
    bool add(const BlockJob& job, Request& request, std::uint32_t index);
    Result<> outcome_of(const Request& request, const BlockJob& job, std::uint32_t length) const;
    unsigned abandon_all(BlockSink& sink);

    std::unique_ptr<Virtqueue> queue_;
    std::unique_ptr<Request[]> requests_;
    std::unique_ptr<Slot[]> slots_;
    std::uint32_t count_;  // of both
    std::uint32_t first_free_ = 0;
    BlockGeometry geometry_;
    BlockJob* answered_ = nullptr;  // done without the device's help
    bool flushes_;
    bool armed_ = false;
};

}  // namespace holm::drivers
