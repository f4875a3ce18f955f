#pragma once

// Router advertisements of one interface (RFC 4861, section 6.2; RFC 8106 for DNS servers): every now and
// then, when a host asks, and a last one.

#include <optional>

#include "base/instant.h"
#include "base/siphash.h"
#include "net/link/interface.h"
#include "net/wire/ndp.h"
#include "services/route/table.h"

namespace holm::route {

class Advertiser {
  public:
    // Section 10.
    static constexpr Duration kLongestInitialInterval = Duration::seconds(16);
    static constexpr int kInitialAdvertisements = 3;
    static constexpr Duration kShortestBetween = Duration::seconds(3);
    static constexpr Duration kLongestDelay = Duration::milliseconds(500);  // of an answer

    Advertiser(Instant now, const AdvertisementRecord& record, const Table& table,
               net::link::Interface& interface, const SipHashKey& key);

    // A host has asked: a message of ICMPv6 whose checksum is right, and the hop limit it came with.
    void hear(Instant now, Bytes message, std::uint8_t hop_limit);
    // Sends what is due.
    void transmit(Instant now);
    Instant next_deadline() const { return next_; }
    // Section 6.2.5: this is no default router any more. Said once, and only to those who may have heard that
    // it is one.
    void leave(Instant now);

  private:
    void send(Instant now);

    net::link::Interface& interface_;
    net::wire::RouterAdvertisement message_;
    Duration interval_;  // the longest
    KeyedRandom random_;
    Instant next_;
    std::optional<Instant> last_;
    int sent_ = 0;
};

}  // namespace holm::route
