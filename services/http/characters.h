#pragma once

// Character classes of RFC 9110 and RFC 3986 as one table, and the scans that use them.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace holm::http {

enum CharacterClass : std::uint8_t {
    kTokenCharacter = 1,    // tchar, RFC 9110 §5.6.2
    kPathCharacter = 2,     // pchar and "/", RFC 3986 §3.3, with "%"
    kQueryCharacter = 4,    // what a query may contain, see below
    kHostCharacter = 8,     // uri-host [":" port] without user information
    kFieldCharacter = 16,   // field-vchar, SP, HTAB, RFC 9110 §5.5
    kQuotedCharacter = 32,  // qdtext without obs-text, RFC 9110 §5.6.4
};

namespace detail {

consteval std::array<std::uint8_t, 256> make_character_classes() {
    std::array<std::uint8_t, 256> table{};
    const auto add = [&table](std::string_view characters, int classes) {
        for (const char c : characters)
            table[static_cast<unsigned char>(c)] |= static_cast<std::uint8_t>(classes);
    };
    add("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        kTokenCharacter | kPathCharacter | kQueryCharacter | kHostCharacter);
    add("!#$%&'*+-.^_`|~", kTokenCharacter);
    add("-._~!$&'()*+,;=:@/%", kPathCharacter | kQueryCharacter);
    // RFC 3986 has no raw brackets, braces, "|", "^" or "`" in a query, but browsers send them as they are
    // ("ids[]=1").
    add("?[]{}|^`", kQueryCharacter);
    add("-._~!$&'()*+,;=:[]%", kHostCharacter);
    for (int c = 0x21; c < 256; ++c) table[c] |= (c == 0x7f) ? 0 : kFieldCharacter;
    add(" \t", kFieldCharacter | kQuotedCharacter);
    for (int c = 0x21; c < 0x7f; ++c) table[c] |= (c == '"' || c == '\\') ? 0 : kQuotedCharacter;
    return table;
}

inline constexpr std::array<std::uint8_t, 256> kCharacterClasses = make_character_classes();

}  // namespace detail

constexpr bool is(char c, int classes) {
    return (detail::kCharacterClasses[static_cast<unsigned char>(c)] & classes) != 0;
}

constexpr bool all_are(std::string_view text, int classes) {
    std::uint8_t common = 0xff;
    for (const char c : text) common &= detail::kCharacterClasses[static_cast<unsigned char>(c)];
    return (common & classes) != 0;
}

constexpr char to_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

// The value of a hexadecimal digit, -1 for anything else.
constexpr int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = to_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

constexpr bool equals_ignoring_case(std::string_view left, std::string_view right) {
    if (left.size() != right.size()) return false;
    for (std::size_t i = 0; i < left.size(); ++i) {
        if (to_lower(left[i]) != to_lower(right[i])) return false;
    }
    return true;
}

// Optional white space of RFC 9110 §5.6.3: spaces and tabs, not what isspace() thinks.
constexpr std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

// Takes the next element off a comma-separated list (RFC 9110 §5.6.1) whose elements are tokens.
constexpr std::string_view next_list_item(std::string_view& list) {
    const std::size_t comma = list.find(',');
    const std::string_view item = trim(list.substr(0, comma));
    list.remove_prefix(comma == list.npos ? list.size() : comma + 1);
    return item;
}

// The first control character other than HTAB in [begin, end), or end. In a correct head that is the CR at
// the end of a line, so one pass both finds lines and proves that they hold no control characters. 16 bytes a
// step; the vector extension is the compiler's and compiles to SSE2 and NEON alike.
inline const char* find_control(const char* begin, const char* end) {
    using Vector = unsigned char __attribute__((ext_vector_type(16)));
    using Mask = bool __attribute__((ext_vector_type(16)));
    for (; end - begin >= 16; begin += 16) {
        Vector bytes;
        std::memcpy(&bytes, begin, 16);
        const auto found = ((bytes < 0x20) & (bytes != '\t')) | (bytes == 0x7f);
        const auto mask = std::bit_cast<std::uint16_t>(__builtin_convertvector(found, Mask));
        if (mask != 0) return begin + std::countr_zero(mask);
    }
    while (begin != end && is(*begin, kFieldCharacter)) ++begin;
    return begin;
}

}  // namespace holm::http
