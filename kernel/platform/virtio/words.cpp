#include "kernel/platform/virtio/words.h"

namespace holm::platform {
namespace {

int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return 16;
}

}  // namespace

std::string_view cut(std::string_view& text, char separator) {
    const std::size_t at = text.find(separator);
    const std::string_view head = text.substr(0, at);
    text = at == std::string_view::npos ? std::string_view{} : text.substr(at + 1);
    return head;
}

std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t highest) {
    int base = 10;
    if (text.starts_with("0x") || text.starts_with("0X")) {
        base = 16;
        text.remove_prefix(2);
    }
    if (text.empty()) return std::nullopt;
    std::uint64_t number = 0;
    for (const char c : text) {
        const int digit = digit_of(c);
        if (digit >= base || __builtin_mul_overflow(number, static_cast<unsigned>(base), &number) ||
            __builtin_add_overflow(number, static_cast<unsigned>(digit), &number) || number > highest)
            return std::nullopt;
    }
    return number;
}

std::optional<std::uint64_t> parse_size(std::string_view text, std::uint64_t highest) {
    unsigned shift = 0;
    if (!text.empty()) {
        const char last = text.back();
        if (last == 'K' || last == 'k') shift = 10;
        if (last == 'M' || last == 'm') shift = 20;
        if (last == 'G' || last == 'g') shift = 30;
        if (shift != 0) text.remove_suffix(1);
    }
    const auto number = parse_number(text, highest >> shift);
    if (!number) return std::nullopt;
    return *number << shift;
}

bool parse_ipv4(std::string_view text, std::uint8_t (&address)[4]) {
    for (int i = 0; i < 4; ++i) {
        const std::string_view part = cut(text, '.');
        const auto byte = parse_number(part, 255);
        if (!byte || part.size() > 3 || (i < 3 && text.empty())) return false;
        address[i] = static_cast<std::uint8_t>(*byte);
    }
    return text.empty();
}

bool parse_mac(std::string_view text, std::uint8_t (&mac)[6]) {
    for (int i = 0; i < 6; ++i) {
        const std::string_view part = cut(text, ':');
        if (part.size() != 2 || digit_of(part[0]) > 15 || digit_of(part[1]) > 15 || (i < 5 && text.empty()))
            return false;
        mac[i] = static_cast<std::uint8_t>(digit_of(part[0]) * 16 + digit_of(part[1]));
    }
    return text.empty() && (mac[0] & 1) == 0;
}

}  // namespace holm::platform
