#include "kernel/drivers/net/tap_device.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/uio.h>

#include "net/ip/output.h"
#include "net/wire/virtio_net.h"

namespace holm::drivers {

namespace {

constexpr std::size_t kHeader = net::wire::kVirtioNetHeaderSize;
constexpr std::size_t kLargestFrame = kHeader + 14 + 65'535;

// In front of the header, so that the IP header lies at a multiple of 32: 6 + 12 + 14.
constexpr std::size_t kHeadroom = 6;
constexpr std::size_t kAlignment = 64;

// The interface behind the tap has been deleted; a tap whose interface is down says EIO, and comes back.
bool means_gone(long result) {
    return result == -EBADFD || result == -EBADF || result == -ENODEV;
}

}  // namespace

unsigned TapDevice::receive(FrameSink& sink) {
    unsigned frames = 0;
    std::size_t bytes = 0;
    for (bool more = true; more && !gone_ && frames < kBatch && bytes < kEnough;) {
        const auto landing = landing_.acquire();
        if (landing.bytes.empty()) break;
        more = read_burst(landing.bytes, kBatch - frames);
        frames += burst_size_;
        if (burst_size_ > 0) bytes += burst_[burst_size_ - 1].start + burst_[burst_size_ - 1].size;
        deliver(landing.bytes, landing.owner, sink);
    }
    return frames;
}

// A buffer is a little larger than the largest frame, so that a few dozen small ones find room for another
// read behind them.
bool TapDevice::read_burst(MutableBytes into, unsigned most) {
    burst_size_ = 0;
    std::size_t start = kHeadroom;
    while (burst_size_ < std::min<std::size_t>(most, kBurst) && start + kLargestFrame <= into.size()) {
        const long size = gate_.read(handle_, into.subspan(start));
        if (size <= 0) {
            gone_ = means_gone(size);
            return false;
        }
        burst_[burst_size_++] = {std::uint32_t(start), std::uint32_t(size)};
        start = (start + std::size_t(size) + kAlignment - 1) / kAlignment * kAlignment + kHeadroom;
    }
    return true;
}

void TapDevice::deliver(MutableBytes from, net::BufferOwner* owner, FrameSink& sink) const {
    std::array<net::ReceivedFrame, kTogether> frames;
    std::size_t count = 0;
    for (const Piece& piece : std::span(burst_).first(burst_size_)) {
        const Bytes received = from.subspan(piece.start, piece.size);
        if (received.size() <= kHeader) continue;
        const Bytes frame = received.subspan(kHeader);
        const auto offload = net::wire::parse_virtio_net(received.first(kHeader), frame.size());
        if (!offload) continue;
        if (count == frames.size()) sink.receive_burst(std::span(frames).first(std::exchange(count, 0)));
        frames[count++] = {frame, *offload, owner,
                           from.subspan(piece.start - kHeadroom, kHeadroom + piece.size)};
    }
    if (count != 0) sink.receive_burst(std::span(frames).first(count));
}

net::TransmitResult TapDevice::transmit(const net::OutgoingFrame& frame) {
    if (gone_) return net::TransmitResult::kGone;
    std::size_t size = kHeader;
    for (const Bytes piece : frame.pieces) size += piece.size();
    // A small frame costs less to copy than what is gained by writing many of them in a row.
    const bool in_place = size > kGatherLimit && frame.headroom.size() >= kHeader;
    const bool large = size > GatheredFrames::kCapacity || !gathered_.allocate() || in_place;
    if (large || !gathered_.has_room(size)) {
        full_ = !write_gathered();
        if (gone_) return net::TransmitResult::kGone;
        if (full_) return net::TransmitResult::kFull;
        if (in_place) return write_in_place(frame);
        if (large) return write_large(frame);
    }
    gathered_.add(frame, size);
    return net::TransmitResult::kSent;
}

bool TapDevice::write_gathered() {
    gathered_.close();
    while (!gathered_.empty() && !gone_) {
        if (judge(gate_.write(handle_, gathered_.front())) == net::TransmitResult::kFull) return false;
        gathered_.pop();
    }
    gathered_.clear();
    return true;
}

net::TransmitResult TapDevice::write_in_place(const net::OutgoingFrame& frame) {
    const MutableBytes header = frame.headroom.last(kHeader);
    net::wire::emit_virtio_net(frame.offload, header);
    const auto result = judge(gate_.write(handle_, Bytes(header.data(), kHeader + frame.pieces[0].size())));
    full_ = result == net::TransmitResult::kFull;
    return result;
}

net::TransmitResult TapDevice::write_large(const net::OutgoingFrame& frame) {
    std::byte header[kHeader];
    net::wire::emit_virtio_net(frame.offload, header);
    iovec pieces[2 + net::ip::kMaximumPayloadPieces];
    int count = 0;
    pieces[count++] = {header, kHeader};
    for (const Bytes piece : frame.pieces)
        pieces[count++] = {const_cast<std::byte*>(piece.data()), piece.size()};
    const auto result = judge(gate_.writev(handle_, pieces, count));
    full_ = result == net::TransmitResult::kFull;
    return result;
}

net::TransmitResult TapDevice::judge(long result) {
    if (result == -EAGAIN) return net::TransmitResult::kFull;
    if (!means_gone(result)) return net::TransmitResult::kSent;
    gone_ = true;
    return net::TransmitResult::kGone;
}

}  // namespace holm::drivers
