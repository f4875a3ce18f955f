#pragma once

// A first-in first-out queue of byte records of different sizes in one ring: frames on their way out,
// datagrams on their way up. Bounded by its capacity; its memory is allocated at the first push and mostly
// untouched while traffic is low, because an empty queue starts again at its beginning.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/bytes.h"

namespace holm::net {

class RecordQueue {
  public:
    explicit RecordQueue(std::size_t capacity) : capacity_(capacity & ~std::size_t{7}) {}

    // Room for a record of `size` bytes at the queue's end, 8-byte aligned; a null span if it does not fit.
    MutableBytes push(std::size_t size);

    bool empty() const { return count_ == 0; }
    std::size_t count() const { return count_; }
    // The oldest record. Precondition: !empty().
    MutableBytes front();
    void pop();

  private:
    struct Header {
        std::uint64_t size;
    };
    static constexpr std::uint64_t kWrap = ~std::uint64_t{0};  // the next record is at the beginning

    std::uint64_t size_at(std::size_t at) const;
    void set_size(std::size_t at, std::uint64_t size);
    void skip_wrap();

    std::unique_ptr<std::byte[]> memory_;
    std::size_t capacity_;
    std::size_t head_ = 0;  // oldest record
    std::size_t tail_ = 0;  // first free byte; == head_ only when empty
    std::size_t count_ = 0;
};

}  // namespace holm::net
