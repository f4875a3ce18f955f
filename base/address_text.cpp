#include "base/address_text.h"

#include <algorithm>

namespace holm {

namespace {

// A number without sign or spaces, at most `most`; decimal ones have no leading zeros, which some read as
// octal.
std::optional<unsigned> number(std::string_view text, unsigned base, unsigned most) {
    if (text.empty() || text.size() > 4 || (base == 10 && text.size() > 1 && text[0] == '0'))
        return std::nullopt;
    unsigned value = 0;
    for (const char letter : text) {
        unsigned digit = 99;
        if (letter >= '0' && letter <= '9') digit = unsigned(letter - '0');
        if (letter >= 'a' && letter <= 'f') digit = unsigned(letter - 'a') + 10;
        if (letter >= 'A' && letter <= 'F') digit = unsigned(letter - 'A') + 10;
        if (digit >= base) return std::nullopt;
        value = value * base + digit;
    }
    if (value > most) return std::nullopt;
    return value;
}

}  // namespace

std::optional<std::array<std::uint8_t, 4>> parse_ipv4(std::string_view text) {
    std::array<std::uint8_t, 4> address{};
    for (std::size_t i = 0; i < 4; ++i) {
        const std::size_t dot = i < 3 ? text.find('.') : text.size();
        if (dot == text.npos) return std::nullopt;
        const auto part = number(text.substr(0, dot), 10, 255);
        if (!part) return std::nullopt;
        address[i] = std::uint8_t(*part);
        text.remove_prefix(std::min(text.size(), dot + 1));
    }
    return address;
}

std::optional<std::array<std::uint8_t, 16>> parse_ipv6(std::string_view text) {
    std::array<std::uint8_t, 16> bytes{};
    std::size_t count = 0;           // bytes written
    std::optional<std::size_t> gap;  // where "::" stands
    if (text.starts_with("::")) {
        gap = 0;
        text.remove_prefix(2);
    }
    while (!text.empty()) {
        if (count == 16) return std::nullopt;
        const std::size_t colon = text.find(':');
        const std::string_view part = text.substr(0, colon);
        if (part.find('.') != part.npos) {
            const auto v4 = parse_ipv4(part);
            if (!v4 || colon != text.npos || count > 12) return std::nullopt;
            std::copy(v4->begin(), v4->end(), bytes.begin() + std::ptrdiff_t(count));
            count += 4;
            break;
        }
        const auto word = number(part, 16, 0xffff);
        if (!word) return std::nullopt;
        bytes[count++] = std::uint8_t(*word >> 8);
        bytes[count++] = std::uint8_t(*word);
        if (colon == text.npos) break;
        text.remove_prefix(colon + 1);
        if (text.starts_with(':')) {
            if (gap) return std::nullopt;
            gap = count;
            text.remove_prefix(1);
        } else if (text.empty()) {
            return std::nullopt;  // a colon at the end
        }
    }
    if (!gap && count != 16) return std::nullopt;
    if (gap) {
        if (count > 14) return std::nullopt;  // "::" stands for at least one word
        const auto from = bytes.begin() + std::ptrdiff_t(*gap);
        std::rotate(from, bytes.begin() + std::ptrdiff_t(count), bytes.end());
    }
    return bytes;
}

void AddressText::put_number(unsigned value, unsigned base) {
    if (value >= base) put_number(value / base, base);
    put("0123456789abcdef"[value % base]);
}

void AddressText::put_ipv4(std::span<const std::uint8_t, 4> bytes) {
    for (std::size_t i = 0; i < 4; ++i) {
        if (i > 0) put('.');
        put_number(bytes[i], 10);
    }
}

AddressText::AddressText(std::span<const std::uint8_t, 4> ipv4) {
    put_ipv4(ipv4);
}

AddressText::AddressText(std::span<const std::uint8_t, 16> bytes, unsigned zone) {
    constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (std::equal(kMapped.begin(), kMapped.end(), bytes.begin())) {
        put_ipv4(bytes.last<4>());
        return;
    }
    const auto word = [&](std::size_t i) { return unsigned(bytes[2 * i]) << 8 | bytes[2 * i + 1]; };
    // Section 4.2: the longest run of zero words, the first of the longest, and none of a single word.
    std::size_t best = 8, longest = 1;
    for (std::size_t i = 0; i < 8; ++i) {
        std::size_t end = i;
        while (end < 8 && word(end) == 0) ++end;
        if (end - i > longest) {
            best = i;
            longest = end - i;
        }
    }
    for (std::size_t i = 0; i < 8; ++i) {
        if (i == best) {
            put(':');
            put(':');
            i += longest - 1;
            continue;
        }
        if (i > 0 && i != best + longest) put(':');
        put_number(word(i), 16);
    }
    if (zone != 0) {
        put('%');
        put_number(zone, 10);
    }
}

}  // namespace holm
