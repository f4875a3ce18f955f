#pragma once

// Numbers that a peer must not be able to predict, each a keyed hash of the four-tuple.

#include <array>
#include <cstdint>
#include <optional>

#include "base/instant.h"
#include "base/siphash.h"
#include "net/tcp/options.h"
#include "net/tcp/sequence.h"
#include "net/tcp/table.h"

namespace holm::net::tcp {

class Secrets {
  public:
    explicit Secrets(const std::array<std::byte, 32>& secret);

    const SipHashKey& table_key() const { return table_key_; }

    // RFC 6528: a clock of 4 microseconds' ticks plus the hash.
    Seq initial_sequence(const FourTuple& tuple, Instant now) const;
    // Where the timestamp clock of this four-tuple starts (RFC 7323, section 5.4): stable, so that timestamps
    // also tell the segments of an old connection from those of its successor.
    std::uint32_t timestamp_offset(const FourTuple& tuple) const;
    // Where the search for a free port begins for this destination (RFC 6056, section 3.3.3).
    std::uint32_t port_offset(const IpAddress& local, const Endpoint& remote) const;

    // SYN cookies (RFC 4987, section 3.6): the initial sequence number is five bits of time, three of MSS, 24
    // of hash.
    Seq cookie(const FourTuple& tuple, Seq peer_initial, std::uint16_t peer_mss, Instant now) const;
    // The MSS that a cookie stands for, if it is one of ours and younger than two minutes.
    std::optional<std::uint16_t> check_cookie(const FourTuple& tuple, Seq peer_initial, Seq cookie,
                                              Instant now) const;

  private:
    std::uint32_t cookie_hash(const FourTuple& tuple, Seq peer_initial, std::uint64_t epoch,
                              std::uint32_t mss) const;
    SipHashKey table_key_;
    SipHashKey key_;
};

// What a cookie's timestamp carries in its low bits: the options that the SYN offered (as Linux does it).
inline constexpr std::uint32_t kCookieOptionBits = 6;
std::uint32_t encode_cookie_options(std::uint32_t timestamp, const Options& syn, bool ecn);
// Returns whether ECN was agreed on.
bool decode_cookie_options(std::uint32_t timestamp, Options& options);

}  // namespace holm::net::tcp
