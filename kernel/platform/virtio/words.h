#pragma once

// Pieces of text of the command line: numbers, sizes, addresses.

#include <cstdint>
#include <optional>
#include <string_view>

namespace holm::platform {

// Cuts `text` at the first `separator`: returns what stands before it, leaves what stands behind.
std::string_view cut(std::string_view& text, char separator);

// Decimal, or hexadecimal behind "0x"; at most `highest`.
std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t highest);

// A number, with K, M or G behind it if it counts these (powers of 1024).
std::optional<std::uint64_t> parse_size(std::string_view text, std::uint64_t highest);

bool parse_ipv4(std::string_view text, std::uint8_t (&address)[4]);
bool parse_mac(std::string_view text, std::uint8_t (&mac)[6]);

}  // namespace holm::platform
