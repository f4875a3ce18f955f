#pragma once

// The OPT record of an answer (RFC 6891, section 6.1.2), and the options in it.

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "net/wire/dns.h"
#include "net/wire/layout.h"
#include "services/dns/cookie.h"
#include "services/dns/protocol.h"

namespace holm::dns {

class OptRecord {
  public:
    static constexpr std::uint16_t kIdentity = 3, kCookie = 10, kTimeout = 11, kReason = 15;
    static constexpr std::size_t kOptionHead = 4;
    static constexpr std::size_t kNumberSize = kOptionHead + 2;  // of an option that is a number
    static constexpr std::size_t kMostIdentity = 255;

    // Without it there is no record. Those bits of `code` that the header has no room for stand here.
    void begin(std::uint16_t udp_size, bool dnssec, Code code) {
        const std::uint32_t extended = (std::uint32_t{static_cast<std::uint16_t>(code)} >> 4) << 24;
        bytes_[0] = std::byte{0};  // of the root
        net::wire::store(
            MutableBytes(bytes_).subspan(1),
            net::wire::DnsRecordTail{type::kOpt, udp_size, extended | (dnssec ? 0x8000u : 0u), 0});
        size_ = kHead;
    }
    // Precondition: each of the four options once, an identity of at most 255 bytes.
    void add(std::uint16_t option, Bytes data);
    void add_number(std::uint16_t option, std::uint16_t number);

    // 0, and no bytes, before begin().
    std::size_t size() const { return size_; }
    Bytes bytes() const { return Bytes(bytes_).first(size_); }

  private:
    static constexpr std::size_t kHead = 1 + sizeof(net::wire::DnsRecordTail);

    std::array<std::byte,
               kHead + kOptionHead + CookieMaker::kSize + kOptionHead + kMostIdentity + 2 * kNumberSize>
        bytes_;
    std::size_t size_ = 0;
};

}  // namespace holm::dns
