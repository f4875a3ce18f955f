#pragma once

// A domain name (RFC 1035, section 3.1) in its wire form: labels with their lengths in front, the empty one
// at the end. At most 255 bytes, which is its bound.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"

namespace holm::net::resolve {

class DomainName {
  public:
    static constexpr std::size_t kMaximumSize = 255;
    static constexpr std::size_t kMaximumLabel = 63;

    DomainName() = default;  // the root
    // "www.example.org", with or without a dot at the end. Labels may hold letters, digits, '-' and '_'.
    static std::optional<DomainName> parse(std::string_view text);

    // The name at `position` of a DNS message, with compression pointers followed (RFC 1035, section 4.1.4):
    // only backwards, so that they end. `end` becomes the position behind it.
    static std::optional<DomainName> read(Bytes message, std::size_t position, std::size_t& end);

    Bytes wire() const { return std::as_bytes(std::span(bytes_).first(size_)); }
    std::size_t labels() const;
    // Not the root, and nothing but letters, digits, '-' and '_' in its labels.
    bool is_host_name() const;
    // This name with another behind it; nothing if that is too long.
    std::optional<DomainName> within(const DomainName& domain) const;
    // Letters become upper or lower case as the bits say (draft-vixie-dnsext-dns0x20): an answer must repeat
    // them.
    void mix_case(std::uint64_t bits);

    // Without regard to case (RFC 4343).
    friend bool operator==(const DomainName& a, const DomainName& b);

  private:
    bool add_label(Bytes label);
    std::array<std::uint8_t, kMaximumSize> bytes_{};
    std::size_t size_ = 1;
};

}  // namespace holm::net::resolve
