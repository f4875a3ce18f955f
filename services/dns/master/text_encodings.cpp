#include "services/dns/master/text_encodings.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "services/dns/master/name_text.h"

namespace holm::dns {

namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

int base64_digit(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int base32_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'v' ? lower - 'a' + 10 : -1;
}

// Digits of `bits` bits each, most significant first; bits left over at the end must be zero and fewer than
// one digit has.
std::optional<std::string> from_digits(std::string_view text, unsigned bits, int (*digit)(char)) {
    std::string bytes;
    std::uint32_t collected = 0;
    unsigned count = 0;
    for (const char c : text) {
        const int value = digit(c);
        if (value < 0) return std::nullopt;
        collected = (collected << bits | static_cast<std::uint32_t>(value)) & 0xffff;
        count += bits;
        if (count >= 8) {
            count -= 8;
            bytes += static_cast<char>(collected >> count);
        }
    }
    if (count >= bits || (collected & ((1u << count) - 1)) != 0) return std::nullopt;
    return bytes;
}

}  // namespace

std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t largest) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || error != std::errc() || end != text.data() + text.size() || number > largest)
        return std::nullopt;
    return number;
}

std::optional<std::uint32_t> parse_seconds(std::string_view text) {
    std::uint64_t sum = 0;
    constexpr std::uint64_t kLargest = 0x7fffffff;
    while (!text.empty()) {
        std::uint32_t number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc()) return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        std::uint64_t unit = 1;
        if (!text.empty()) {
            switch (text[0] | 0x20) {
                case 's':
                    break;
                case 'm':
                    unit = 60;
                    break;
                case 'h':
                    unit = 3600;
                    break;
                case 'd':
                    unit = 86'400;
                    break;
                case 'w':
                    unit = 604'800;
                    break;
                default:
                    return std::nullopt;
            }
            text.remove_prefix(1);
        }
        sum += number * unit;
        if (sum > kLargest) return std::nullopt;
        if (text.empty()) return static_cast<std::uint32_t>(sum);
    }
    return std::nullopt;
}

std::optional<std::string> parse_hex(std::string_view text) {
    return from_digits(text, 4, hex_digit);
}

std::optional<std::string> parse_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    if (text.ends_with("==")) {
        text.remove_suffix(2);
    } else if (text.ends_with('=')) {
        text.remove_suffix(1);
    }
    return from_digits(text, 6, base64_digit);
}

std::optional<std::string> parse_base32hex(std::string_view text) {
    return from_digits(text, 5, base32_digit);
}

std::optional<std::uint32_t> parse_timestamp(std::string_view text) {
    if (text.size() != 14) return parse_number(text, 0xffffffff);
    const auto part = [&](std::size_t at, std::size_t size, std::uint32_t low, std::uint32_t high) {
        const auto number = parse_number(text.substr(at, size), high);
        return number && *number >= low ? number : std::nullopt;
    };
    const auto year = part(0, 4, 1970, 9999), month = part(4, 2, 1, 12), day = part(6, 2, 1, 31),
               hour = part(8, 2, 0, 23), minute = part(10, 2, 0, 59), second = part(12, 2, 0, 59);
    if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)),
                                           std::chrono::month(*month), std::chrono::day(*day)};
    if (!date.ok()) return std::nullopt;
    const auto days = std::chrono::sys_days(date).time_since_epoch().count();
    return static_cast<std::uint32_t>(std::int64_t{days} * 86'400 + *hour * 3600 + *minute * 60 + *second);
}

std::optional<std::string> parse_eui(std::string_view text, std::size_t size) {
    if (text.size() != size * 3 - 1) return std::nullopt;
    std::string digits;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (i % 3 != 2) {
            digits += text[i];
        } else if (text[i] != '-') {
            return std::nullopt;
        }
    }
    return parse_hex(digits);
}

std::optional<std::string> parse_locator(std::string_view text) {
    std::string bytes;
    for (int part = 0; part < 4; ++part) {
        const std::size_t end = part < 3 ? text.find(':') : text.size();
        if (end == text.npos || end < 1 || end > 4) return std::nullopt;
        const auto number = parse_hex(std::string(4 - end, '0').append(text.substr(0, end)));
        if (!number) return std::nullopt;
        bytes += *number;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return bytes;
}

std::optional<std::string> parse_nsap(std::string_view text) {
    if (!text.starts_with("0x") && !text.starts_with("0X")) return std::nullopt;
    std::string digits(text.substr(2));
    std::erase(digits, '.');
    return digits.empty() ? std::nullopt : parse_hex(digits);
}

std::optional<std::string> unescape(std::string_view text) {
    std::string bytes;
    while (!text.empty()) {
        const char c = text[0];
        text.remove_prefix(1);
        const int byte = c == '\\' ? parse_escape(text) : static_cast<unsigned char>(c);
        if (byte < 0) return std::nullopt;
        bytes += static_cast<char>(byte);
    }
    return bytes;
}

}  // namespace holm::dns
