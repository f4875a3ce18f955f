#pragma once

// Text put together in a fixed buffer, for places that must not allocate and images that have no room for
// printf. What does not fit is cut off.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace holm {

class TextWriter {
  public:
    TextWriter(const TextWriter&) = delete;
    TextWriter& operator=(const TextWriter&) = delete;

    std::string_view text() const noexcept { return {buffer_, size_}; }
    void clear() noexcept { size_ = 0; }

    TextWriter& operator<<(std::string_view text) noexcept;
    TextWriter& operator<<(const char* text) noexcept { return *this << std::string_view(text); }
    TextWriter& operator<<(char character) noexcept { return *this << std::string_view(&character, 1); }
    TextWriter& operator<<(std::unsigned_integral auto number) noexcept { return decimal(number, 1); }
    TextWriter& operator<<(std::signed_integral auto number) noexcept { return signed_decimal(number); }

    // With zeros in front, up to `digits`.
    TextWriter& decimal(std::uint64_t number, unsigned digits) noexcept {
        return number_in(10, number, digits);
    }
    TextWriter& hex(std::uint64_t number, unsigned digits = 1) noexcept {
        return number_in(16, number, digits);
    }

  protected:
    TextWriter(char* buffer, std::size_t capacity) noexcept : buffer_(buffer), capacity_(capacity) {}
    ~TextWriter() = default;

  private:
    TextWriter& signed_decimal(std::int64_t number) noexcept;
    TextWriter& number_in(unsigned radix, std::uint64_t number, unsigned digits) noexcept;

    char* buffer_;
    std::size_t capacity_;
    std::size_t size_ = 0;
};

template <std::size_t kSize>
class TextBuffer final : public TextWriter {
  public:
    TextBuffer() noexcept : TextWriter(room_, kSize) {}

  private:
    char room_[kSize];
};

}  // namespace holm
