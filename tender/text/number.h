#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace holm::tender {

// A decimal number without sign, at most `highest`; no digits, other characters or a larger number: nothing.
constexpr std::optional<std::uint64_t> parse_decimal(std::string_view text, std::uint64_t highest) {
    if (text.empty()) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        const auto digit = static_cast<std::uint64_t>(c - '0');
        if (value > (highest - digit) / 10 || digit > highest) return std::nullopt;
        value = value * 10 + digit;
    }
    return value;
}

// A size in bytes: digits and, at once behind them, one of K M G T (powers of 1024). Nothing when it does not
// fit.
constexpr std::optional<std::uint64_t> parse_size(std::string_view text) {
    int shift = 0;
    if (!text.empty()) {
        switch (text.back()) {
            case 'K':
            case 'k':
                shift = 10;
                break;
            case 'M':
            case 'm':
                shift = 20;
                break;
            case 'G':
            case 'g':
                shift = 30;
                break;
            case 'T':
            case 't':
                shift = 40;
                break;
            default:
                break;
        }
        if (shift != 0) text.remove_suffix(1);
    }
    const auto value = parse_decimal(text, ~std::uint64_t{0} >> shift);
    if (!value) return std::nullopt;
    return *value << shift;
}

}  // namespace holm::tender
