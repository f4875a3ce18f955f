#pragma once

// Bytes that grow at the end. Unlike std::string it says so when there is no memory: what clients send must
// not end the service.

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

namespace holm::http {

class ByteBuffer {
  public:
    ByteBuffer() = default;
    ByteBuffer(ByteBuffer&& other) noexcept
        : bytes_(std::exchange(other.bytes_, nullptr)),
          size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)) {}
    ByteBuffer& operator=(ByteBuffer&& other) noexcept {
        std::swap(bytes_, other.bytes_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
        return *this;
    }
    ~ByteBuffer() { std::free(bytes_); }

    char* data() { return bytes_; }
    const char* data() const { return bytes_; }
    std::size_t size() const { return size_; }
    std::string_view text() const { return {bytes_, size_}; }

    // False, and nothing has changed, when there is no memory. Capacity doubles, so that appending is linear
    // in all.
    [[nodiscard]] bool append(std::string_view bytes) {
        if (bytes.size() > capacity_ - size_) {
            std::size_t capacity = capacity_ == 0 ? 512 : capacity_;
            while (capacity < size_ + bytes.size()) capacity *= 2;
            void* const moved = std::realloc(bytes_, capacity);
            if (moved == nullptr) return false;
            bytes_ = static_cast<char*>(moved);
            capacity_ = capacity;
        }
        if (!bytes.empty()) std::memcpy(bytes_ + size_, bytes.data(), bytes.size());
        size_ += bytes.size();
        return true;
    }
    // Gives the memory back.
    void release() {
        std::free(std::exchange(bytes_, nullptr));
        size_ = capacity_ = 0;
    }
    // Precondition: not more than size().
    void shorten(std::size_t size) { size_ = size; }

  private:
    char* bytes_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace holm::http
