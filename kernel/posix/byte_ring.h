#pragma once

// The bytes on their way between the two ends of a pipe or of a pair of sockets.

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "base/bytes.h"

namespace holm::posix {

class ByteRing {
  public:
    static constexpr std::size_t kCapacity = 65536;

    ByteRing() = default;
    ByteRing(const ByteRing&) = delete;
    ByteRing& operator=(const ByteRing&) = delete;
    ~ByteRing() { std::free(buffer_); }

    // On the heap: its pages are touched as they fill. False when there is no memory.
    bool allocate() {
        buffer_ = static_cast<std::byte*>(std::malloc(kCapacity));
        return buffer_ != nullptr;
    }

    std::size_t size() const { return size_; }
    std::size_t space() const { return kCapacity - size_; }

    // Copies out as much as there is, and as fits; it stays there.
    std::size_t peek(MutableBytes room) const {
        const std::size_t count = std::min(room.size(), size_);
        if (count == 0) return 0;
        const std::size_t until_wrap = std::min(count, kCapacity - start_);
        std::memcpy(room.data(), buffer_ + start_, until_wrap);
        std::memcpy(room.data() + until_wrap, buffer_, count - until_wrap);
        return count;
    }
    std::size_t read(MutableBytes room) {
        const std::size_t count = peek(room);
        start_ = (start_ + count) % kCapacity;
        size_ -= count;
        return count;
    }
    // Takes as much as there is space for.
    std::size_t write(Bytes bytes) {
        const std::size_t count = std::min(bytes.size(), space());
        if (count == 0) return 0;
        const std::size_t end = (start_ + size_) % kCapacity;
        const std::size_t until_wrap = std::min(count, kCapacity - end);
        std::memcpy(buffer_ + end, bytes.data(), until_wrap);
        std::memcpy(buffer_, bytes.data() + until_wrap, count - until_wrap);
        size_ += count;
        return count;
    }

  private:
    std::byte* buffer_ = nullptr;
    std::size_t start_ = 0;
    std::size_t size_ = 0;
};

}  // namespace holm::posix
