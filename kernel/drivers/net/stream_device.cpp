#include "kernel/drivers/net/stream_device.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "base/network_order.h"

namespace holm::drivers {

namespace {

std::size_t length_at(const std::byte* from) {
    NetU32 length;
    std::memcpy(&length, from, sizeof(length));
    return length;
}

}  // namespace

unsigned StreamDevice::receive(FrameSink& sink) {
    unsigned frames = 0;
    while (!gone_ && frames < kBatch) {
        // Frames that somebody retained stay where they are; only what is left of the stream moves to a fresh
        // buffer.
        const Bytes rest = input_.bytes.subspan(input_start_, input_end_ - input_start_);
        const auto fresh = landing_.acquire();
        if (fresh.bytes.empty()) break;
        if (!rest.empty()) std::memmove(fresh.bytes.data(), rest.data(), rest.size());
        input_ = fresh;
        input_start_ = 0;
        input_end_ = rest.size();

        const long size = gate_.read(handle_, input_.bytes.subspan(input_end_));
        if (size == -EAGAIN || size == -EINTR) break;
        if (size <= 0) {
            gone_ = true;  // the other end has closed or reset the connection
            break;
        }
        input_end_ += std::size_t(size);
        frames += deliver(sink);
    }
    return frames;
}

unsigned StreamDevice::deliver(FrameSink& sink) {
    unsigned frames = 0;
    while (input_end_ - input_start_ >= kLengthSize) {
        const std::size_t length = length_at(input_.bytes.data() + input_start_);
        if (length > kMaximumFrame) {
            gone_ = true;  // not frames, or we have lost step: nothing that follows can be understood
            break;
        }
        if (input_end_ - input_start_ < kLengthSize + length) break;
        const Bytes frame = input_.bytes.subspan(input_start_ + kLengthSize, length);
        input_start_ += kLengthSize + length;
        ++frames;
        sink.receive({frame, {}, input_.owner});
    }
    return frames;
}

bool StreamDevice::write_rest() {
    if (gone_) return true;
    while (output_start_ < output_end_) {
        const long size =
            gate_.write(handle_, Bytes(output_.get() + output_start_, output_end_ - output_start_));
        if (size == -EAGAIN || size == -EINTR) return false;
        if (size < 0) {
            gone_ = true;
            return false;
        }
        output_start_ += std::size_t(size);
    }
    return true;
}

net::TransmitResult StreamDevice::transmit(const net::OutgoingFrame& frame) {
    if (!output_) output_.reset(new (std::nothrow) std::byte[LandingBuffers::kSize]);
    if (!output_) return net::TransmitResult::kSent;  // lost: there is no memory to keep half a frame in
    full_ = !write_rest();
    if (gone_) return net::TransmitResult::kGone;
    if (full_) return net::TransmitResult::kFull;

    std::size_t size = 0;
    for (const Bytes piece : frame.pieces) size += piece.size();
    if (size > kMaximumFrame) return net::TransmitResult::kSent;
    const NetU32 length = std::uint32_t(size);
    std::memcpy(output_.get(), &length, kLengthSize);
    std::byte* to = output_.get() + kLengthSize;
    for (const Bytes piece : frame.pieces) to = std::copy(piece.begin(), piece.end(), to);
    output_start_ = 0;
    output_end_ = kLengthSize + size;
    full_ = !write_rest();  // the frame is ours now: what the socket does not take goes before the next one
    return gone_ ? net::TransmitResult::kGone : net::TransmitResult::kSent;
}

}  // namespace holm::drivers
