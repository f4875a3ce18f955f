#pragma once

// Network address translation (RFC 4787, RFC 5382, RFC 5508): decided on with a flow's first packet, done to
// all of them. The same inside source keeps its outside address and port for every destination
// (endpoint-independent mapping) as long as answers stay unambiguous; ports are kept where they are free, and
// keep their parity and range where they are not.

#include "services/filter/track/tracker.h"
#include "services/packet/hooks.h"

namespace holm::filter {

struct NatCounters {
    std::uint64_t translated = 0;  // flows
    std::uint64_t exhausted = 0;   // no port was free, now or just before: the packet was dropped
    std::uint64_t no_address = 0;  // masquerade or redirect on an interface without an address
    std::uint64_t errors = 0;      // ICMP errors translated with what they quote
};

// Which end of a flow is looked at: destinations before routing, sources behind it.
enum class NatSide : std::uint8_t { kDestination, kSource };

// Where a flow is to go, or to seem to come from.
struct NatTarget {
    bool has_address = false;
    bool has_port = false;
    bool random = false;
    bool persistent = false;
    net::IpAddress low, high;
    std::uint16_t port_low = 0, port_high = 0;
};

class Nat {
  public:
    Nat(Tracker& tracker, const SipHashKey& key) : tracker_(tracker), key_(key), random_(key) {}

    // Settles one side of a flow whose first packet this is. An empty target keeps what is there, unless
    // answers could not be told apart. False: nothing is free.
    bool decide(Instant now, Flow& flow, NatSide side, const NatTarget& target);
    // Rewrites a packet of a flow, or the ICMP error about one, as has been decided. False: it is dropped.
    bool apply(packet::Packet& packet, const Flow& flow, NatSide side);

    NatCounters& counters() { return counters_; }
    const NatCounters& counters() const { return counters_; }

  private:
    // For so long nobody looks again where no port was free: a search is a thousand lookups, and whoever
    // sends on gets one with each packet.
    static constexpr Duration kPause = Duration::milliseconds(10);
    static constexpr std::size_t kPlaces = 64;
    struct Place {  // where no port was free
        std::uint64_t key = 0;
        Instant until;
    };

    bool choose_port(Instant now, Tuple& tuple, NatSide side, const NatTarget& target);
    bool is_free(Instant now, const Tuple& tuple);
    bool fits(const Tuple& tuple, NatSide side, const NatTarget& target) const;
    void choose_address(Tuple& tuple, NatSide side, const NatTarget& target) const;
    bool apply_to_error(packet::Packet& packet, const Flow& flow, NatSide side);

    Tracker& tracker_;
    SipHashKey key_;
    KeyedRandom random_;
    NatCounters counters_;
    std::array<Place, kPlaces> places_;
};

}  // namespace holm::filter
