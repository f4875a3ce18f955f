#include "services/dns/stream_frames.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace holm::dns {

namespace {

std::size_t length_of(const std::byte* at) {
    return std::to_integer<std::size_t>(at[0]) << 8 | std::to_integer<std::size_t>(at[1]);
}

}  // namespace

std::optional<Bytes> StreamFrames::next(Bytes& bytes) {
    if (failed_) return std::nullopt;
    if (collected_ == 0 && bytes.size() >= kLengthSize) {
        const std::size_t size = length_of(bytes.data());
        if (bytes.size() - kLengthSize >= size) {
            const Bytes message = bytes.subspan(kLengthSize, size);
            bytes = bytes.subspan(kLengthSize + size);
            return message;
        }
    }
    while (collected_ < kLengthSize && !bytes.empty()) {
        length_[collected_++] = bytes[0];
        bytes = bytes.subspan(1);
    }
    if (collected_ < kLengthSize) return std::nullopt;
    const std::size_t size = length_of(length_);
    if (!message_) {
        message_.reset(new (std::nothrow) std::byte[std::max<std::size_t>(size, 1)]);
        failed_ = !message_;
        if (failed_) return std::nullopt;
    }
    const std::size_t held = collected_ - kLengthSize;
    const std::size_t taken = std::min(size - held, bytes.size());
    if (taken != 0) std::memcpy(message_.get() + held, bytes.data(), taken);
    bytes = bytes.subspan(taken);
    collected_ += taken;
    if (held + taken < size) return std::nullopt;
    collected_ = 0;
    finished_ = std::move(message_);
    return Bytes(finished_.get(), size);
}

}  // namespace holm::dns
