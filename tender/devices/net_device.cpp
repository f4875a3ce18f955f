#include "tender/devices/net_device.h"

#include <algorithm>
#include <cstring>

#include <poll.h>

namespace holm::tender {

namespace {

using Outcome = NetBackend::Outcome;

constexpr std::size_t kBufferCountOffset = 10;  // num_buffers in the virtio-net header

}  // namespace

NetDevice::NetDevice(const holm_boot_device& device, std::byte* receive_ring, std::uint32_t receive_size,
                     std::byte* transmit_ring, std::uint32_t transmit_size, const BusMemory& memory)
    : backend_(holm_transport(device.transport), device.handle),
      receive_(receive_ring, receive_size, memory),
      transmit_(transmit_ring, transmit_size, memory) {
    // A guest that waits is served anyway. One that keeps computing tells us when half its queue waits to be
    // sent.
    receive_.notify_never();
    transmit_.notify_after(transmit_size / 2);
}

const char* NetDevice::broken() const {
    if (fault_ != nullptr) return fault_;
    return receive_.broken() != nullptr ? receive_.broken() : transmit_.broken();
}

int NetDevice::poll_descriptor() const {
    return gone_ || broken() != nullptr || poll_events() == 0 ? -1 : backend_.descriptor();
}

short NetDevice::poll_events() const {
    return static_cast<short>((staged_size_ >= kNeeded ? POLLIN : 0) | (full_ ? POLLOUT : 0));
}

void NetDevice::vanish() {
    gone_ = true;
    receive_.announce_gone();
    transmit_.announce_gone();
}

bool NetDevice::serve() {
    if (gone_ || broken() != nullptr) return false;
    send();
    const unsigned frames = gone_ ? 0 : receive();
    receive_.publish();
    const bool room = transmit_.publish();
    transmit_.notify_after(transmit_.size() / 2);
    return frames != 0 || room || gone_;
}

void NetDevice::send() {
    // A guest that runs beside us could publish without end.
    for (std::uint32_t i = 0; i < transmit_.size(); ++i) {
        if (!full_ && !transmit_.next(outgoing_pieces_, outgoing_)) return;
        const auto frame = std::span(outgoing_pieces_).first(outgoing_.readable);
        const Outcome outcome = backend_.send(frame, outgoing_.readable_size);
        full_ = outcome == Outcome::kAgain;
        if (full_) return;
        if (outcome == Outcome::kGone) return vanish();
        transmit_.put(outgoing_.head, 0);
    }
}

unsigned NetDevice::receive() {
    for (unsigned frames = 0;; ++frames) {
        stage();
        if (frames == kBatch || staged_size_ < kNeeded) return frames;
        std::array<iovec, NetBackend::kMaximumPieces> joined;
        const std::size_t count = join_pieces(joined);
        std::size_t size = 0;
        const Outcome outcome = backend_.receive(std::span(joined).first(count), size);
        if (outcome == Outcome::kGone) vanish();
        if (outcome != Outcome::kDone) return frames;
        if (size > NetBackend::kHeaderSize) deliver(size);
    }
}

// Copies receive buffers from the ring until the largest frame finds room.
void NetDevice::stage() {
    while (staged_size_ < kNeeded && stage_one()) {
    }
}

bool NetDevice::stage_one() {
    const auto room = std::span(pieces_).subspan(piece_count_);
    if (room.size() < Virtqueue::kMaximumPieces) return false;
    Virtqueue::Chain chain;
    if (!receive_.next(room, chain)) return false;
    if (chain.readable != 0) {
        fault_ = "a receive buffer has a part that is to be read";
    } else if (room[0].iov_len < NetBackend::kHeaderSize) {
        fault_ = "a receive buffer's first part has no room for a header";
    } else {
        staged_[staged_count_++] = {chain.head, chain.writable, chain.writable_size};
        piece_count_ += chain.writable;
        staged_size_ += chain.writable_size;
        return true;
    }
    return false;
}

// Pieces that lie side by side, as a driver's buffers mostly do, become one: less for the kernel to walk.
std::size_t NetDevice::join_pieces(std::span<iovec> joined) const {
    std::size_t count = 0;
    for (const iovec& piece : std::span(pieces_).first(piece_count_)) {
        if (count != 0) {
            iovec& last = joined[count - 1];
            if (static_cast<std::byte*>(last.iov_base) + last.iov_len == piece.iov_base) {
                last.iov_len += piece.iov_len;
                continue;
            }
        }
        joined[count++] = piece;
    }
    return count;
}

// A frame of `size` bytes, header included, lies in the first staged buffers.
void NetDevice::deliver(std::size_t size) {
    auto* const header = static_cast<std::byte*>(pieces_[0].iov_base);
    if (backend_.is_stream()) std::memset(header, 0, NetBackend::kHeaderSize);
    std::uint16_t buffers = 0;
    std::size_t pieces = 0;
    for (std::size_t left = size; left != 0; ++buffers) {
        const Staged& staged = staged_[buffers];
        const std::uint32_t length = static_cast<std::uint32_t>(std::min<std::size_t>(left, staged.size));
        receive_.put(staged.head, length);
        left -= length;
        pieces += staged.pieces;
        staged_size_ -= staged.size;
    }
    std::memcpy(header + kBufferCountOffset, &buffers, sizeof buffers);
    std::copy(staged_.begin() + buffers, staged_.begin() + std::ptrdiff_t(staged_count_), staged_.begin());
    std::copy(pieces_.begin() + std::ptrdiff_t(pieces), pieces_.begin() + std::ptrdiff_t(piece_count_),
              pieces_.begin());
    staged_count_ -= buffers;
    piece_count_ -= pieces;
}

}  // namespace holm::tender
