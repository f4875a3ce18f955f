#pragma once

// A bounded text builder: the tender's messages are made without stdio, without an allocator and in one
// write.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace holm::tender {

class Sentence {
  public:
    static constexpr std::size_t kCapacity = 1024;

    Sentence& text(std::string_view piece) {
        for (const char c : piece) append(c);
        return *this;
    }

    // Text that came from outside: what a terminal might obey is shown as '?'.
    Sentence& foreign(std::string_view piece) {
        for (const char c : piece) append(c >= 0x20 && c < 0x7f ? c : '?');
        return *this;
    }

    Sentence& decimal(std::uint64_t value) {
        if (value >= 10) decimal(value / 10);
        append(static_cast<char>('0' + value % 10));
        return *this;
    }

    Sentence& hexadecimal(std::uint64_t value) {
        text("0x");
        hexadecimal_digits(value);
        return *this;
    }

    std::string_view view() const { return {buffer_, size_}; }

  private:
    // A sentence that is too long is cut, not lost: names come from outside and may have any length.
    void append(char c) {
        if (size_ < kCapacity) buffer_[size_++] = c;
    }
    void hexadecimal_digits(std::uint64_t value) {
        if (value >= 16) hexadecimal_digits(value / 16);
        append("0123456789abcdef"[value % 16]);
    }

    std::size_t size_ = 0;
    char buffer_[kCapacity];
};

}  // namespace holm::tender
