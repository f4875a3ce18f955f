#pragma once

// Internet addresses as people write them, and as bytes in network order.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace holm {

// Four decimal numbers without leading zeros, which some would read as octal.
std::optional<std::array<std::uint8_t, 4>> parse_ipv4(std::string_view text);

// Any of the forms of RFC 4291, section 2.2, without a zone.
std::optional<std::array<std::uint8_t, 16>> parse_ipv6(std::string_view text);

// The form that RFC 5952 recommends: "fd00::2", "10.0.0.2". IPv4-mapped addresses are written as IPv4 ones.
class AddressText {
  public:
    explicit AddressText(std::span<const std::uint8_t, 4> ipv4);
    // `zone` 0: none.
    explicit AddressText(std::span<const std::uint8_t, 16> ipv6, unsigned zone = 0);
    std::string_view view() const { return {text_.data(), size_}; }
    operator std::string_view() const { return view(); }  // NOLINT: it is text

  private:
    void put(char letter) { text_[size_++] = letter; }
    void put_number(unsigned value, unsigned base);
    void put_ipv4(std::span<const std::uint8_t, 4> bytes);
    std::array<char, 48> text_;
    std::size_t size_ = 0;
};

}  // namespace holm
