#pragma once

// Server cookies that any server with the same secret accepts (RFC 9018): SipHash-2-4 over the client's
// cookie, the time and the client's address. A client that shows one has shown that it receives what is sent
// to its address.

#include <array>
#include <cstdint>

#include "base/bytes.h"
#include "base/siphash.h"
#include "net/address.h"

namespace holm::dns {

class CookieMaker {
  public:
    static constexpr std::size_t kClientSize = 8;
    static constexpr std::size_t kSize = 24;  // client's and server's

    explicit CookieMaker(const SipHashKey& secret) : secret_(secret) {}

    // `now`: Unix time, seconds modulo 2^32. Precondition: client.size() >= kClientSize.
    std::array<std::byte, kSize> make(Bytes client, const net::IpAddress& address, std::uint32_t now) const;
    // Whether it is one of ours for this client, not older than an hour, and of at most five minutes in the
    // future.
    bool is_good(Bytes cookie, const net::IpAddress& address, std::uint32_t now) const;

  private:
    std::uint64_t hash(Bytes first_sixteen, const net::IpAddress& address) const;
    SipHashKey secret_;
};

}  // namespace holm::dns
