#pragma once

// The buffers that received frames land in. One is used again and again, so that a quiet instance touches few
// pages and a busy one stays in the cache; only a buffer that somebody retains (a large payload that waits to
// be read) is set aside, and another takes its place.
//
// Bound: kMaximum buffers of kSize bytes, allocated as they are needed and kept. When all are retained,
// frames land in a last one that nobody can retain: then payloads are copied.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "net/frame.h"

namespace holm::drivers {

class LandingBuffers {
  public:
    // The largest frame, 14 + 65,535 bytes, with the virtio-net header or a length in front, in whole pages.
    static constexpr std::size_t kSize = std::size_t{17} * 4096;
    static constexpr std::size_t kMaximum = 64;

    struct Landing {
        MutableBytes bytes;  // kSize bytes, or empty if there is no memory at all
        net::BufferOwner* owner = nullptr;
    };

    LandingBuffers() = default;
    LandingBuffers(const LandingBuffers&) = delete;
    LandingBuffers& operator=(const LandingBuffers&) = delete;

    // Where the next bytes may land: a buffer that nobody else uses. It is the caller's until the next call.
    Landing acquire();

    std::size_t allocated() const { return count_; }

  private:
    class Buffer final : public net::BufferOwner {
      public:
        void retain() override { ++users_; }
        void release() override { --users_; }
        bool in_use() const { return users_ != 0; }
        std::unique_ptr<std::byte[]> memory;

      private:
        std::uint32_t users_ = 0;
    };

    Buffer buffers_[kMaximum];
    std::size_t count_ = 0;  // buffers_[0, count_) have memory
    std::size_t current_ = 0;
    std::unique_ptr<std::byte[]> last_;
};

}  // namespace holm::drivers
