#pragma once

// Text put together in a fixed buffer, for places that must not allocate and images that have no room for
// printf. What does not fit is cut off.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace holm {

template <std::size_t kSize>
class TextBuffer {
  public:
    std::string_view text() const { return {buffer_, size_}; }
    void clear() { size_ = 0; }

    TextBuffer& operator<<(std::string_view text) {
        const std::size_t size = text.size() < kSize - size_ ? text.size() : kSize - size_;
        std::memcpy(buffer_ + size_, text.data(), size);
        size_ += size;
        return *this;
    }
    TextBuffer& operator<<(const char* text) { return *this << std::string_view(text); }
    TextBuffer& operator<<(char character) { return *this << std::string_view(&character, 1); }
    TextBuffer& operator<<(std::uint64_t number) { return decimal(number, 1); }
    TextBuffer& operator<<(std::int64_t number) {
        if (number < 0) *this << '-';
        return decimal(
            number < 0 ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number), 1);
    }
    TextBuffer& operator<<(int number) { return *this << std::int64_t{number}; }
    TextBuffer& operator<<(unsigned number) { return *this << std::uint64_t{number}; }

    // With zeros in front, up to `digits`.
    TextBuffer& decimal(std::uint64_t number, unsigned digits) { return number_in(10, number, digits); }
    TextBuffer& hex(std::uint64_t number, unsigned digits = 1) { return number_in(16, number, digits); }

    // Spaces up to a column of the current line.
    TextBuffer& column(std::size_t column) {
        std::size_t line = size_;
        while (line > 0 && buffer_[line - 1] != '\n') --line;
        while (size_ - line < column && size_ < kSize) buffer_[size_++] = ' ';
        return *this;
    }

  private:
    TextBuffer& number_in(unsigned radix, std::uint64_t number, unsigned digits) {
        char reversed[20];
        unsigned count = 0;
        do {
            reversed[count++] = "0123456789abcdef"[number % radix];
            number /= radix;
        } while (number != 0);
        while (count < digits && count < sizeof reversed) reversed[count++] = '0';
        while (count > 0) *this << reversed[--count];
        return *this;
    }

    char buffer_[kSize];
    std::size_t size_ = 0;
};

}  // namespace holm
