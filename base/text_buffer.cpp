#include "base/text_buffer.h"

#include <algorithm>
#include <cstring>

namespace holm {

TextWriter& TextWriter::operator<<(std::string_view text) noexcept {
    const std::size_t size = std::min(text.size(), capacity_ - size_);
    std::memcpy(buffer_ + size_, text.data(), size);
    size_ += size;
    return *this;
}

TextWriter& TextWriter::signed_decimal(std::int64_t number) noexcept {
    if (number >= 0) return decimal(static_cast<std::uint64_t>(number), 1);
    *this << '-';
    return decimal(0 - static_cast<std::uint64_t>(number), 1);
}

TextWriter& TextWriter::number_in(unsigned radix, std::uint64_t number, unsigned digits) noexcept {
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

}  // namespace holm
