#include "net/record_queue.h"

#include <cassert>
#include <cstring>
#include <new>

namespace holm::net {

namespace {

constexpr std::size_t padded(std::size_t size) {
    return (size + 7) & ~std::size_t{7};
}

}  // namespace

std::uint64_t RecordQueue::size_at(std::size_t at) const {
    std::uint64_t size;
    std::memcpy(&size, memory_.get() + at, sizeof(size));
    return size;
}

void RecordQueue::set_size(std::size_t at, std::uint64_t size) {
    std::memcpy(memory_.get() + at, &size, sizeof(size));
}

MutableBytes RecordQueue::push(std::size_t size) {
    if (!memory_) {
        memory_.reset(new (std::nothrow) std::byte[capacity_]);
        if (!memory_) return {};
    }
    const std::size_t needed = sizeof(Header) + padded(size);
    if (size > capacity_ || needed > capacity_) return {};
    if (count_ == 0) head_ = tail_ = 0;
    if (tail_ >= head_) {
        if (capacity_ - tail_ < needed) {
            if (head_ <= needed) return {};  // tail_ must not catch up with head_: that would look empty
            if (tail_ < capacity_) set_size(tail_, kWrap);
            tail_ = 0;
        }
    } else if (head_ - tail_ <= needed) {
        return {};
    }
    set_size(tail_, size);
    const MutableBytes record(memory_.get() + tail_ + sizeof(Header), size);
    tail_ += needed;
    ++count_;
    return record;
}

void RecordQueue::skip_wrap() {
    if (head_ == capacity_ || size_at(head_) == kWrap) head_ = 0;
}

MutableBytes RecordQueue::front() {
    assert(count_ > 0);
    skip_wrap();
    return {memory_.get() + head_ + sizeof(Header), size_at(head_)};
}

void RecordQueue::pop() {
    assert(count_ > 0);
    skip_wrap();
    head_ += sizeof(Header) + padded(size_at(head_));
    --count_;
}

}  // namespace holm::net
