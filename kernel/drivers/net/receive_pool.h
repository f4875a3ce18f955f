#pragma once

// The buffers of a virtio-net device's receive queue: pieces of one stretch of memory, handed to the device
// in the order of their addresses. A frame that the device has spread over several of them
// (VIRTIO_NET_F_MRG_RXBUF) so mostly lies in memory as one piece, and goes up to the stack as it lies.
//
// A frame that somebody retains keeps its buffers; they go back to the device when it is released. Bound: the
// memory is allocated at once and touched as it is used. When fewer buffers than a reserve would be left to
// the device, frames are lent without an owner: then payloads are copied.

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "net/frame.h"

namespace holm::drivers {

class ReceivePool {
  public:
    static constexpr std::uint32_t kMaximum = 256;  // buffers
    // Of a buffer's start behind a multiple of 64, so that the IP header of a frame lies at a multiple of 32.
    static constexpr std::size_t kHeadroom = 6;

    // `size`: bytes of a buffer, a multiple of 64; `reserve` <= `count` <= kMaximum. Null if there is no
    // memory.
    static std::unique_ptr<ReceivePool> create(std::uint32_t count, std::size_t size, std::uint32_t reserve);
    ReceivePool(const ReceivePool&) = delete;
    ReceivePool& operator=(const ReceivePool&) = delete;

    std::size_t buffer_size() const { return size_; }
    std::uint32_t count() const { return count_; }

    // The next free buffer behind the one that was taken last; it is the caller's until it is given back or
    // lent.
    std::optional<std::uint32_t> take();
    void give_back(std::uint32_t buffer) { free_.set(buffer); }
    MutableBytes bytes(std::uint32_t buffer) const { return {start_ + buffer * size_, size_}; }

    // Buffers [first, first + count), which the caller has taken, are lent to whoever retains the owner. To
    // be ended with owner.release(). Null: too few would be left; the caller gives them back itself, after
    // use.
    net::BufferOwner* lend(std::uint32_t first, std::uint32_t count);

  private:
    class Loan final : public net::BufferOwner {
      public:
        void retain() override { ++users; }
        void release() override {
            if (--users == 0) pool->end(*this);
        }
        ReceivePool* pool = nullptr;
        std::uint32_t users = 0;
        std::uint32_t count = 0;
    };

    ReceivePool(std::unique_ptr<std::byte[]> memory, std::unique_ptr<Loan[]> loans, std::uint32_t count,
                std::size_t size, std::uint32_t reserve);
    void end(Loan& loan);

    std::unique_ptr<std::byte[]> memory_;
    std::unique_ptr<Loan[]> loans_;  // the one of a loan's first buffer stands for it
    std::byte* start_;
    std::size_t size_;
    std::uint32_t count_;
    std::uint32_t reserve_;
    std::uint32_t cursor_ = 0;  // where take() looks first
    std::uint32_t lent_ = 0;
    std::bitset<kMaximum> free_;
};

}  // namespace holm::drivers
