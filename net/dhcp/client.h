#pragma once

// The DHCP client of one interface (RFC 2131, section 4.4), as a state machine without I/O: messages in,
// messages out, a lease that comes and goes. Whoever owns it moves the bytes and applies the lease.

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/siphash.h"
#include "net/address.h"
#include "net/wire/dhcp.h"

namespace holm::net::dhcp {

struct Lease {
    IpAddress address = IpAddress::any_v4();
    std::uint8_t prefix_length = 0;
    std::array<IpAddress, 2> routers{IpAddress::any_v4(), IpAddress::any_v4()};
    IpAddress server = IpAddress::any_v4();
    std::array<IpAddress, 2> dns{IpAddress::any_v4(), IpAddress::any_v4()};
    wire::DomainList search;
    std::uint16_t mtu = 0;  // 0: not told
    Instant renewal;        // T1
    Instant rebinding;      // T2
    Instant expiry;
};

enum class State : std::uint8_t {
    kSelecting,   // asks for offers
    kRequesting,  // asks for the offer it has chosen
    kBound,
    kRenewing,   // asks the server that gave the lease to extend it
    kRebinding,  // asks any server to
};

class Client {
  public:
    // Section 4.1: the wait doubles from 4 s up to 64 s, each with a jitter of a second.
    static constexpr Duration kFirstRetry = Duration::seconds(4);
    static constexpr Duration kLongestRetry = Duration::seconds(64);
    static constexpr int kRequestTries = 4;                                   // then a new search
    static constexpr Duration kShortestRenewalRetry = Duration::seconds(60);  // section 4.4.5
    static constexpr std::uint32_t kShortestLease = 60;  // seconds; shorter ones count as this long

    Client(MacAddress mac, const SipHashKey& key) : mac_(mac), random_(key) {}

    // The first message is due at once.
    void start(Instant now);

    // A datagram that came to the client's port. False: it answers nothing that was asked, or says what
    // cannot be.
    bool receive(Instant now, Bytes message);

    struct Outgoing {
        wire::DhcpRequest message;
        std::optional<IpAddress> to;  // a unicast, from our address; otherwise a broadcast
    };
    // The message that is due now, if any. Also ends a lease that has run out.
    std::optional<Outgoing> due(Instant now);
    Instant next_deadline() const { return deadline_; }

    // The address turned out to be in use by somebody else: give it back and look for another
    // (section 4.4.1).
    void decline(Instant now);

    // The instance ends: gives the lease back (section 4.4.6), and is silent from then on. Nothing: there is
    // none.
    std::optional<Outgoing> release();

    State state() const { return state_; }
    const std::optional<Lease>& lease() const { return lease_; }
    // Rises whenever lease() has changed.
    std::uint32_t changes() const { return changes_; }

  private:
    void search(Instant now, Duration wait);
    bool accept_offer(Instant now, const wire::DhcpReply& reply);
    bool accept_lease(const wire::DhcpReply& reply);
    void lose_lease();
    Duration jittered_retry();
    wire::DhcpRequest request(wire::DhcpType type) const;
    std::uint16_t seconds_since(Instant now) const;
    // Somewhat less, so that those who got their leases together do not ask together.
    std::uint32_t spread(std::uint32_t seconds);

    MacAddress mac_;
    KeyedRandom random_;
    State state_ = State::kSelecting;
    std::uint32_t transaction_ = 0;
    Instant began_;
    // "secs" of the last DHCPDISCOVER: relays treat the request that follows as they did that (section 3.1).
    std::uint16_t discovered_after_ = 0;
    Instant sent_;  // the request that an acknowledgment answers: lease times count from here
    Instant deadline_ = Instant::never();
    Duration retry_ = kFirstRetry;
    int tries_ = 0;
    IpAddress offered_ = IpAddress::any_v4();
    IpAddress server_ = IpAddress::any_v4();
    bool decline_ = false;
    std::optional<Lease> lease_;
    std::uint32_t changes_ = 0;
};

}  // namespace holm::net::dhcp
