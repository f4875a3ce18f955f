#pragma once

// The neighbour cache of IPv6 (RFC 4861, sections 5.1 and 7.3, appendix C): which MAC address an address on
// the link has, and whether it still answers. It decides when to ask and when to give up; its owner sends
// what is due.
//
// Bounds: kCapacity entries, for which memory is taken as neighbours appear; when full, the entry used least
// recently makes room. At most kIncomplete of them are being asked for: who scans a /64 through us fills no
// more (RFC 6583).

#include <cstdint>
#include <memory>
#include <optional>

#include "base/instant.h"
#include "base/siphash.h"
#include "net/address.h"
#include "net/wire/ndp.h"

namespace holm::net::ndp {

class NeighborCache {
  public:
    static constexpr std::size_t kCapacity = 256;
    static constexpr std::size_t kIncomplete = 64;
    // Section 10.
    static constexpr int kMulticastSolicit = 3;
    static constexpr int kUnicastSolicit = 3;
    static constexpr Duration kDelayFirstProbe = Duration::seconds(5);
    static constexpr Duration kReachableTime = Duration::seconds(30);
    static constexpr Duration kRetransmitTimer = Duration::seconds(1);

    enum class State : std::uint8_t {
        kIncomplete,  // no MAC known: asked for by multicast
        kReachable,   // known to have answered lately
        kStale,       // a MAC is known, nobody has asked for long
        kDelay,       // in use again: perhaps an answer comes by itself
        kProbe,       // asked by unicast
    };
    struct Request {
        IpAddress target;
        std::optional<MacAddress> known;  // set: a unicast probe
    };
    struct Change {
        bool ready = false;        // packets that wait for this neighbour can go
        bool router_lost = false;  // what was a router says that it is none any more
        bool unknown = false;      // nobody has asked for it
        bool contested = false;    // it names another MAC than the one that is known, which is asked first
    };

    explicit NeighborCache(KeyedRandom& random) : random_(random) { set_timing(kReachableTime, retransmit_); }

    // What a router advertises; zero keeps what is. The time for which a neighbour counts as reachable is
    // chosen between half and one and a half of `reachable` (section 6.3.2).
    void set_timing(Duration reachable, Duration retransmit);

    // The MAC address to send to, or nothing while it is being asked for: then the caller keeps the packet.
    std::optional<MacAddress> resolve(Instant now, const IpAddress& address);

    // A transport has heard from beyond it that packets arrive (section 7.3.1).
    void confirm(Instant now, const IpAddress& address);

    // A solicitation, a router's advertisement or a redirect named the MAC address of a neighbour.
    Change heard(Instant now, const IpAddress& address, MacAddress mac);
    // Section 7.2.5. An advertisement that nobody asked for makes no entry.
    Change advertised(Instant now, const wire::NeighborAdvertisement& message);
    // A router's advertisement or a redirect says that this neighbour is a router.
    void mark_router(const IpAddress& address);

    // The next request to send; to be called until there is none.
    std::optional<Request> due(Instant now);
    // The next neighbour that does not answer; to be called until there is none.
    std::optional<IpAddress> failed(Instant now);

    // Nothing if there is no entry.
    std::optional<State> state(const IpAddress& address);
    std::size_t size() const { return count_; }
    Instant next_deadline() const { return deadline_; }
    void clear() { count_ = incomplete_ = 0, deadline_ = Instant::never(); }

  private:
    struct Entry {
        IpAddress address;
        MacAddress mac;
        State state = State::kIncomplete;
        std::uint8_t tries = 0;
        bool router = false;
        // kReachable: until then. kIncomplete, kProbe: the next request or the end. kDelay: the first probe.
        Instant until;
        Instant used;
    };
    static constexpr std::size_t kNone = ~std::size_t{0};

    std::size_t find(const IpAddress& address);  // kNone if there is none
    std::size_t add(Instant now, const IpAddress& address);
    bool grow();
    void remove(std::size_t index);
    void set_state(Entry& entry, State state, Instant until);
    // Section 7.2.5 would believe whoever speaks last. Who answers at the MAC that we know keeps the address;
    // if nobody does within a second the entry goes, and the address is asked for again.
    Change contest(Entry& entry, Instant now);
    int most_tries(const Entry& entry) const {
        return entry.state == State::kIncomplete ? kMulticastSolicit : kUnicastSolicit;
    }

    KeyedRandom& random_;
    std::unique_ptr<Entry[]> entries_;
    std::size_t room_ = 0;
    std::size_t count_ = 0;
    std::size_t incomplete_ = 0;
    std::size_t last_ = 0;
    Duration base_reachable_;
    Duration reachable_;
    Duration retransmit_ = kRetransmitTimer;
    Instant deadline_ = Instant::never();
};

}  // namespace holm::net::ndp
