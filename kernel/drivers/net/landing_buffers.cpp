#include "kernel/drivers/net/landing_buffers.h"

#include <new>

namespace holm::drivers {

LandingBuffers::Landing LandingBuffers::acquire() {
    const auto landing = [](Buffer& buffer) {
        return Landing{MutableBytes(buffer.memory.get(), kSize), &buffer};
    };
    if (current_ < count_ && !buffers_[current_].in_use()) return landing(buffers_[current_]);
    // The lowest free one: those used most recently, and most often, have the low numbers.
    for (std::size_t i = 0; i < count_; ++i) {
        if (buffers_[i].in_use()) continue;
        current_ = i;
        return landing(buffers_[i]);
    }
    if (count_ < kMaximum) {
        buffers_[count_].memory.reset(new (std::nothrow) std::byte[kSize]);
        if (buffers_[count_].memory) {
            current_ = count_++;
            return landing(buffers_[current_]);
        }
    }
    if (!last_) last_.reset(new (std::nothrow) std::byte[kSize]);
    return {MutableBytes(last_.get(), last_ ? kSize : 0), nullptr};
}

}  // namespace holm::drivers
