#pragma once

// A network device of a guest: two virtqueues in its memory, a tap or stream behind them. It is served by the
// thread that runs the guest, while the guest waits: one round takes everything that is to be sent and brings
// a batch of what has arrived, so an exit is paid for once a round, not once a frame (docs/virtqueues.md).
//
// Receive buffers are merged (VIRTIO_NET_F_MRG_RXBUF): a frame fills as many as it needs, one after another.

#include <array>
#include <cstdint>

#include "abi/boot_info.h"
#include "tender/devices/bus_memory.h"
#include "tender/devices/net_backend.h"
#include "tender/devices/virtqueue.h"

namespace holm::tender {

class NetDevice {
  public:
    static constexpr unsigned kBatch = 64;  // frames received in one round

    NetDevice() = default;
    // `device` is what open_net() filled in; the queues' rings are zeroed memory of the guest's.
    // `memory` outlives the device.
    NetDevice(const holm_boot_device& device, std::byte* receive_ring, std::uint32_t receive_size,
              std::byte* transmit_ring, std::uint32_t transmit_size, const BusMemory& memory);

    // Sends all that the guest has published and receives a batch. True if that is news to the guest: frames,
    // room that it waits for, or that the device has vanished.
    bool serve();

    // What to wait for in poll() before serve() can do more; the descriptor is -1 when there is nothing to
    // wait for.
    int poll_descriptor() const;
    short poll_events() const;

    // What the guest did against the rules, for a message; null while it is in order.
    const char* broken() const;

  private:
    static constexpr std::size_t kNeeded = NetBackend::kHeaderSize + NetBackend::kMaximumFrame;

    // A receive buffer that was copied from the ring and checked, and no frame has filled yet.
    struct Staged {
        std::uint16_t head;
        std::uint16_t pieces;
        std::uint32_t size;
    };

    void send();
    unsigned receive();
    void stage();
    bool stage_one();
    std::size_t join_pieces(std::span<iovec> joined) const;
    void deliver(std::size_t size);
    void vanish();

    NetBackend backend_;
    Virtqueue receive_, transmit_;
    const char* fault_ = nullptr;
    bool gone_ = false;
    bool full_ = false;  // the backend has not taken the frame in `outgoing_` yet

    Virtqueue::Chain outgoing_;
    std::array<iovec, Virtqueue::kMaximumPieces> outgoing_pieces_;

    std::array<iovec, NetBackend::kMaximumPieces> pieces_;
    std::array<Staged, NetBackend::kMaximumPieces> staged_;
    std::size_t piece_count_ = 0;
    std::size_t staged_count_ = 0;
    std::size_t staged_size_ = 0;  // bytes
};

}  // namespace holm::tender
