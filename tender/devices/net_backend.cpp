#include "tender/devices/net_backend.h"

#include <algorithm>
#include <array>

#include <errno.h>
#include <unistd.h>

namespace holm::tender {

namespace {

using Outcome = NetBackend::Outcome;

// The interface behind the tap has been deleted; a tap whose interface is down says EIO, and comes back.
bool means_gone(int error) {
    return error == EBADFD || error == EBADF || error == ENODEV;
}

bool means_again(int error) {
    return error == EAGAIN || error == EINTR;
}

// Copies `pieces` from their byte `skip` on, at most `limit` bytes of them, to `to`; returns the number of
// pieces.
std::size_t slice(std::span<const iovec> pieces, std::size_t skip, std::size_t limit, iovec* to) {
    std::size_t count = 0;
    for (const iovec& piece : pieces) {
        if (limit == 0) break;
        if (skip >= piece.iov_len) {
            skip -= piece.iov_len;
            continue;
        }
        const std::size_t size = std::min(piece.iov_len - skip, limit);
        to[count++] = {static_cast<std::byte*>(piece.iov_base) + skip, size};
        limit -= size;
        skip = 0;
    }
    return count;
}

std::size_t decode(const std::uint8_t (&length)[4]) {
    return std::size_t{length[0]} << 24 | std::size_t{length[1]} << 16 | std::size_t{length[2]} << 8 |
           length[3];
}

}  // namespace

Outcome NetBackend::send(std::span<const iovec> frame, std::size_t size) {
    if (size <= kHeaderSize || size > kHeaderSize + kMaximumFrame) return Outcome::kDone;
    if (is_stream_) return send_to_stream(frame, size);
    const ssize_t result = frame.size() == 1
                               ? write(descriptor_, frame[0].iov_base, frame[0].iov_len)
                               : writev(descriptor_, frame.data(), static_cast<int>(frame.size()));
    if (result >= 0) return Outcome::kDone;
    if (means_again(errno)) return Outcome::kAgain;
    // Otherwise lost: the interface is down, the host has no memory, the guest's header or buffer is
    // nonsense.
    return means_gone(errno) ? Outcome::kGone : Outcome::kDone;
}

Outcome NetBackend::send_to_stream(std::span<const iovec> frame, std::size_t size) {
    const std::size_t length = size - kHeaderSize;
    std::uint8_t prefix[kLengthSize] = {std::uint8_t(length >> 24), std::uint8_t(length >> 16),
                                        std::uint8_t(length >> 8), std::uint8_t(length)};
    std::array<iovec, 1 + Virtqueue::kMaximumPieces> whole;
    whole[0] = {prefix, kLengthSize};
    const std::size_t count = 1 + slice(frame, kHeaderSize, length, &whole[1]);
    while (sent_ < kLengthSize + length) {
        std::array<iovec, 1 + Virtqueue::kMaximumPieces> rest;
        const std::size_t pieces =
            slice(std::span(whole).first(count), sent_, kLengthSize + length, rest.data());
        const ssize_t result = writev(descriptor_, rest.data(), static_cast<int>(pieces));
        if (result < 0 && means_again(errno)) return Outcome::kAgain;
        if (result < 0 && errno == EFAULT && sent_ == 0) return Outcome::kDone;
        if (result < 0)
            return Outcome::kGone;  // closed by the other end, or half a frame stands there for ever
        sent_ += std::size_t(result);
    }
    sent_ = 0;
    return Outcome::kDone;
}

Outcome NetBackend::receive(std::span<const iovec> buffers, std::size_t& size) {
    if (is_stream_) return receive_from_stream(buffers, size);
    const ssize_t result = buffers.size() == 1
                               ? read(descriptor_, buffers[0].iov_base, buffers[0].iov_len)
                               : readv(descriptor_, buffers.data(), static_cast<int>(buffers.size()));
    if (result < 0) return means_gone(errno) ? Outcome::kGone : Outcome::kAgain;
    size = std::size_t(result);
    return Outcome::kDone;
}

Outcome NetBackend::receive_length() {
    while (length_received_ < kLengthSize) {
        const ssize_t result = read(descriptor_, length_ + length_received_, kLengthSize - length_received_);
        if (result < 0 && means_again(errno)) return Outcome::kAgain;
        if (result <= 0) return Outcome::kGone;  // the other end has closed or reset the connection
        length_received_ += std::size_t(result);
    }
    // Longer: not frames, or we have lost step; nothing that follows can be understood.
    return decode(length_) > kMaximumFrame ? Outcome::kGone : Outcome::kDone;
}

Outcome NetBackend::receive_from_stream(std::span<const iovec> buffers, std::size_t& size) {
    const Outcome begun = receive_length();
    if (begun != Outcome::kDone) return begun;
    const std::size_t length = decode(length_);
    std::uint8_t next_length[kLengthSize];
    std::size_t next_received = 0;
    while (frame_received_ < length) {
        // The length of the frame behind this one comes with it: one system call a frame.
        std::array<iovec, kMaximumPieces + 1> rest;
        const std::size_t left = length - frame_received_;
        std::size_t count = slice(buffers, kHeaderSize + frame_received_, left, rest.data());
        rest[count++] = {next_length, kLengthSize};
        const ssize_t result = readv(descriptor_, rest.data(), static_cast<int>(count));
        if (result < 0 && means_again(errno)) return Outcome::kAgain;
        if (result <= 0) return Outcome::kGone;
        const std::size_t received = std::min(std::size_t(result), left);
        frame_received_ += received;
        next_received = std::size_t(result) - received;
    }
    size = kHeaderSize + length;
    std::copy_n(next_length, next_received, length_);
    length_received_ = next_received;
    frame_received_ = 0;
    return Outcome::kDone;
}

}  // namespace holm::tender
