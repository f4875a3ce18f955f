#pragma once

// How zone files write bytes and numbers. Each gives nothing for text that is not in its form.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace holm::dns {

std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t largest);
// Seconds, or BIND's units: "1h30m", "2w". At most 2^31 - 1 (RFC 2181, section 8).
std::optional<std::uint32_t> parse_seconds(std::string_view text);
std::optional<std::string> parse_hex(std::string_view text);
std::optional<std::string> parse_base64(std::string_view text);
// RFC 4648, section 7, without padding.
std::optional<std::string> parse_base32hex(std::string_view text);
// "20260101000000", or seconds since 1970; modulo 2^32 as RFC 4034, section 3.1.5 has it.
std::optional<std::uint32_t> parse_timestamp(std::string_view text);
// "00-00-5e-00-53-2a" with `size` bytes.
std::optional<std::string> parse_eui(std::string_view text, std::size_t size);
// "2001:db8:1140:1000", four numbers of 16 bits (RFC 6742, section 2.1.2).
std::optional<std::string> parse_locator(std::string_view text);
// "0x47.0005.80", points where one likes (RFC 1706, section 7).
std::optional<std::string> parse_nsap(std::string_view text);
// Escapes replaced by what they stand for.
std::optional<std::string> unescape(std::string_view text);

}  // namespace holm::dns
