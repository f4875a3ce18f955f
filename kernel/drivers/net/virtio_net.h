#pragma once

// A virtio network device (virtio 1.2, section 5.1) on any transport: two virtqueues, and what was
// negotiated.

#include <array>
#include <cstdint>
#include <memory>

#include "base/result.h"
#include "kernel/drivers/net/landing_buffers.h"
#include "kernel/drivers/net/net_driver.h"
#include "kernel/drivers/net/receive_pool.h"
#include "kernel/drivers/net/transmit_arena.h"
#include "kernel/drivers/virtio/virtqueue.h"
#include "net/outgoing_references.h"

namespace holm::drivers {

// Feature bits (virtio 1.2, 5.1.3). VIRTIO_F_EVENT_IDX is a matter of the queues (Virtqueue::Setup).
enum VirtioNetFeature : std::uint64_t {
    kVirtioNetChecksum = 1u << 0,           // CSUM: the device completes checksums
    kVirtioNetReceiveChecksum = 1u << 1,    // GUEST_CSUM: frames may come with partial checksums
    kVirtioNetMtu = 1u << 3,                // MTU
    kVirtioNetMac = 1u << 5,                // MAC
    kVirtioNetReceiveTso4 = 1u << 7,        // GUEST_TSO4: frames of up to 64 KiB come
    kVirtioNetReceiveTso6 = 1u << 8,        // GUEST_TSO6
    kVirtioNetTso4 = 1u << 11,              // HOST_TSO4
    kVirtioNetTso6 = 1u << 12,              // HOST_TSO6
    kVirtioNetMergeableBuffers = 1u << 15,  // MRG_RXBUF
};

// Of what a device offers, what the driver takes: all that it knows, less what lacks another feature that it
// rests on.
std::uint64_t choose_virtio_net_features(std::uint64_t offered);

class VirtioNet final : public NetDriver {
  public:
    struct Setup {
        Virtqueue::Setup receive, transmit;
        std::uint64_t features = 0;  // as negotiated, a value of choose_virtio_net_features()
        std::uint16_t mtu = 1500;    // bytes of an IP packet
    };

    // The notifiers outlive the driver. Errors: those of Virtqueue::create(), kOutOfMemory.
    static Result<std::unique_ptr<VirtioNet>> create(const Setup& setup, Notifier& receive,
                                                     Notifier& transmit);

    // Receive buffers to the device; before it, nothing can come. For transports that must first say
    // DRIVER_OK.
    void start() { refill(); }

    unsigned receive(FrameSink& sink) override;
    net::TransmitResult transmit(const net::OutgoingFrame& frame) override;
    net::DeviceCapabilities capabilities() const override;
    void flush() override { full_ = false; }  // a frame is taken whole or not at all
    void publish() override;
    void set_references(net::OutgoingReferences& references) override { references_ = &references; }
    platform::Readiness readiness() override;
    bool gone() const override;
    const char* fault() const override;

  private:
    static constexpr std::size_t kArenaSize = std::size_t{256} * 1024;
    static constexpr std::size_t kMergedSize = 4096;    // bytes of a receive buffer when buffers are merged
    static constexpr std::uint32_t kLargeBuffers = 32;  // receive buffers of 64 KiB, when they are not
    static constexpr std::size_t kMaximumMerged = 64;   // buffers that a frame may be spread over
    // Payload from this size on is left where it lies, if it stays there: below, a copy costs less than what
    // it takes.
    static constexpr std::size_t kReferenceFrom = 2048;
    static constexpr std::size_t kReferences = 128;  // frames under way whose payload we did not copy
    static constexpr std::size_t kMaximumPieces = 32;
    static constexpr std::uint32_t kPublishAfter = 32;  // frames, in a round that sends many

    // The buffers of one frame, while they come in.
    struct Assembly {
        std::array<std::uint32_t, kMaximumMerged> buffers;
        std::array<std::uint32_t, kMaximumMerged> lengths;
        std::uint32_t count = 0;
        std::uint32_t expected = 0;
        std::size_t size = 0;  // bytes, header included
    };

    // In front of each frame's bytes in the arena. The device is not told of it.
    struct Record {
        std::uint64_t reference = 0;         // a number of OutgoingReferences, or 0
        net::BufferOwner* lender = nullptr;  // of a frame in transit, which lies elsewhere
    };

    VirtioNet(const Setup& setup, std::unique_ptr<Virtqueue> receive, std::unique_ptr<Virtqueue> transmit,
              std::unique_ptr<ReceivePool> pool);
    void refill();
    void reclaim();
    // Room in the arena behind a record; empty: there is none.
    MutableBytes allocate(std::size_t size, std::uint32_t descriptors);
    bool transmit_by_reference(const net::OutgoingFrame& frame);
    // A frame in transit from where it lies, which its owner lends until the device has read it.
    bool transmit_in_place(const net::OutgoingFrame& frame);
    // `room`: what allocate() gave, behind whose record the frame is noted.
    void add_frame(std::span<const Bytes> pieces, std::byte* room, const Record& record);
    void settle_references();
    // True when a frame is complete.
    bool collect(const Virtqueue::Completion& done);
    void deliver(FrameSink& sink);
    bool is_contiguous() const;
    Bytes copy_to(MutableBytes landing) const;

    std::unique_ptr<Virtqueue> receive_, transmit_;
    std::unique_ptr<ReceivePool> pool_;
    LandingBuffers landing_;  // for frames that do not lie in one piece
    TransmitArena arena_{kArenaSize};
    net::OutgoingReferences* references_ = nullptr;
    std::array<std::uint64_t, kReferences> under_way_{};  // numbers, in no order; 0: free
    std::size_t under_way_count_ = 0;
    std::array<net::BufferOwner*, kReferences> lenders_{};  // in no order; null: free
    std::size_t lender_count_ = 0;
    Assembly assembly_;
    std::uint64_t features_;
    std::uint16_t mtu_;
    std::uint32_t unpublished_ = 0;
    bool full_ = false;
    bool armed_ = false;
    const char* fault_ = nullptr;
};

}  // namespace holm::drivers
