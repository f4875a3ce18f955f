#include "kernel/drivers/net/gathered_frames.h"

#include <algorithm>
#include <new>

#include "net/wire/virtio_net.h"

namespace holm::drivers {

namespace {
constexpr std::size_t kHeader = net::wire::kVirtioNetHeaderSize;
}

bool GatheredFrames::allocate() {
    if (!memory_) memory_.reset(new (std::nothrow) std::byte[2 * kCapacity]);
    return memory_ != nullptr;
}

MutableBytes GatheredFrames::headers_of(const Train& train) const {
    return {memory_.get() + pieces_[train.first].start + kHeader, train.datagrams.headers()};
}

void GatheredFrames::copy(const net::OutgoingFrame& frame, std::size_t skipped) {
    std::byte* to = memory_.get() + end_;
    to = std::copy(frame.pieces[0].begin() + std::ptrdiff_t(skipped), frame.pieces[0].end(), to);
    for (const Bytes piece : frame.pieces.subspan(1)) to = std::copy(piece.begin(), piece.end(), to);
    end_ = std::size_t(to - memory_.get());
}

bool GatheredFrames::join(const net::link::DatagramTrain& datagram, const net::OutgoingFrame& frame) {
    // The youngest of the flow, so that its datagrams stay in order.
    for (std::size_t i = train_count_; i-- > first_open_;) {
        Train& train = trains_[i];
        const Bytes headers = headers_of(train);
        if (!train.datagrams.same_flow(headers, datagram, frame.pieces[0])) continue;
        if (!train.datagrams.open() || !train.datagrams.take(headers, datagram, frame.pieces[0]))
            return false;
        const std::size_t start = end_;
        copy(frame, datagram.headers());
        if (train.last + std::size_t{1} != count_) {
            pieces_[count_] = {std::uint16_t(start), 0, kLast, false};
            pieces_[train.last].next = std::uint8_t(count_);
            train.last = std::uint8_t(count_++);
        }
        pieces_[train.last].size = std::uint16_t(pieces_[train.last].size + (end_ - start));
        return true;
    }
    return false;
}

void GatheredFrames::add(const net::OutgoingFrame& frame, std::size_t size) {
    if (joins_) {
        const auto datagram = net::link::DatagramTrain::of(frame.pieces[0], size - kHeader, frame.offload);
        if (!datagram)
            first_open_ = train_count_;
        else if (join(*datagram, frame))
            return;
        else if (train_count_ < kMaximumTrains)
            trains_[train_count_++] = {*datagram, std::uint8_t(count_), std::uint8_t(count_)};
    }
    pieces_[count_++] = {std::uint16_t(end_), std::uint16_t(size), kLast, true};
    net::wire::emit_virtio_net(frame.offload, MutableBytes(memory_.get() + end_, kHeader));
    end_ += kHeader;
    copy(frame, 0);
}

void GatheredFrames::close() {
    for (const Train& train : std::span(trains_).first(train_count_)) {
        if (train.datagrams.datagrams() == 1) continue;
        const MutableBytes headers = headers_of(train);
        const net::Offload offload = train.datagrams.finish(headers);
        net::wire::emit_virtio_net(offload, MutableBytes(headers.data() - kHeader, kHeader));
    }
    train_count_ = first_open_ = 0;
}

Bytes GatheredFrames::front() {
    const Piece& first = pieces_[first_];
    if (first.next == kLast) return {memory_.get() + first.start, first.size};
    std::byte* const begin = memory_.get() + kCapacity;
    std::byte* to = begin;
    for (std::size_t at = first_; at != kLast; at = pieces_[at].next)
        to = std::copy_n(memory_.get() + pieces_[at].start, pieces_[at].size, to);
    return {begin, to};
}

void GatheredFrames::pop() {
    do ++first_;
    while (first_ < count_ && !pieces_[first_].begins);
}

void GatheredFrames::clear() {
    first_ = count_ = 0;
    end_ = 0;
    train_count_ = first_open_ = 0;
}

}  // namespace holm::drivers
