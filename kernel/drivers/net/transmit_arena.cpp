#include "kernel/drivers/net/transmit_arena.h"

#include <new>

namespace holm::drivers {

MutableBytes TransmitArena::allocate(std::size_t size) {
    if (!memory_) memory_.reset(new (std::nothrow) std::byte[capacity_]);
    const std::size_t total = capacity_ / kUnit;
    const std::size_t units = (sizeof(Header) + size + kUnit - 1) / kUnit;
    if (!memory_ || full_ || units > total) return {};
    if (head_ == tail_) head_ = tail_ = 0;
    const std::size_t behind = tail_ >= head_ ? total - tail_ : head_ - tail_;
    if (units > behind) {
        if (tail_ < head_ || units > head_) return {};
        // What is left before the end becomes a record that nobody uses.
        ::new (header_at(tail_)) Header{std::uint32_t(behind), false};
        tail_ = 0;
    }
    Header* const header = ::new (header_at(tail_)) Header{std::uint32_t(units), true};
    tail_ = (tail_ + units) % total;
    full_ = tail_ == head_;
    return {reinterpret_cast<std::byte*>(header + 1), size};
}

void TransmitArena::release(const std::byte* data) {
    const std::size_t total = capacity_ / kUnit;
    header_at(std::size_t(data - memory_.get()) / kUnit)->in_use = false;
    while (!empty() && !header_at(head_)->in_use) {
        head_ = (head_ + header_at(head_)->units) % total;
        full_ = false;
    }
}

}  // namespace holm::drivers
