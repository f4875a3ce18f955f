#pragma once

// The DHCPv6 client of one interface (RFC 8415, section 18.2), as a state machine without I/O: stateful, for
// addresses of one association, or stateless, for DNS servers alone.

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/siphash.h"
#include "net/address.h"
#include "net/wire/dhcpv6.h"

namespace holm::net::dhcp {

struct LeaseV6 {
    struct Address {
        IpAddress address;
        Instant preferred_until;
        Instant valid_until;
    };
    std::size_t count = 0;  // at least one
    std::array<Address, wire::kDhcpv6Addresses> addresses;
    Instant renewal;    // T1
    Instant rebinding;  // T2

    std::span<const Address> all() const { return {addresses.data(), count}; }
    // `count` if it is not among them.
    std::size_t index_of(const IpAddress& address) const;
    bool has(const IpAddress& address) const { return index_of(address) < count; }
    // When the first of them ends.
    Instant valid_until() const;
};

class ClientV6 {
  public:
    // Section 7.6: the first wait of a message, the longest, and how often it is sent (0: for ever).
    struct Retransmission {
        Duration first;
        Duration longest;
        int count = 0;
    };
    static constexpr Retransmission kSolicit{Duration::seconds(1), Duration::seconds(3600), 0};
    static constexpr Retransmission kRequest{Duration::seconds(1), Duration::seconds(30), 10};
    static constexpr Retransmission kRenew{Duration::seconds(10), Duration::seconds(600), 0};
    static constexpr Retransmission kDecline{Duration::seconds(1), Duration::seconds(3600), 4};
    static constexpr Retransmission kInformation{Duration::seconds(1), Duration::seconds(3600), 0};
    static constexpr Duration kRefresh = Duration::minutes(24 * 60);  // IRT_DEFAULT
    static constexpr Duration kShortestRefresh = Duration::seconds(600);
    static constexpr std::uint32_t kShortestLease = 60;  // seconds; shorter ones count as this long

    enum class State : std::uint8_t {
        kIdle,
        kSoliciting,
        kRequesting,
        kBound,
        kRenewing,
        kRebinding,
        kDeclining,
        kAskingForInformation,
        kInformed,
    };

    ClientV6(MacAddress mac, const SipHashKey& key) : mac_(mac), random_(key) {}

    // The first message is due at once. `with_address`: stateful.
    void start(Instant now, bool with_address);
    State state() const { return state_; }

    // A datagram that came to the client's port from a link-local address. False: as in Client.
    bool receive(Instant now, Bytes message);
    // The message that is due now, if any, to be sent to all servers and relays (ff02::1:2). Also ends a
    // lease that has run out.
    std::optional<wire::Dhcpv6Request> due(Instant now);
    Instant next_deadline() const;

    // Somebody else uses this address of the lease: it is given back, and if it was the only one, another is
    // looked for (section 18.2.8).
    void decline(Instant now, const IpAddress& address);

    // The instance ends: gives all addresses back (section 18.2.7), and is silent from then on: nobody would
    // be there for the answer. Nothing: there are none.
    std::optional<wire::Dhcpv6Request> release();

    const std::optional<LeaseV6>& lease() const { return lease_; }
    std::span<const IpAddress> dns() const { return {dns_.data(), dns_count_}; }
    const wire::DomainList& search() const { return search_; }
    // Rises whenever lease(), dns() or search() has changed.
    std::uint32_t changes() const { return changes_; }

  private:
    void begin(Instant now, State state);
    // A message about the addresses of the lease.
    wire::Dhcpv6Request about_lease() const;
    const Retransmission& retransmission() const;
    bool accept_advertisement(Instant now, const wire::Dhcpv6Reply& reply);
    bool accept_reply(Instant now, const wire::Dhcpv6Reply& reply);
    void take_dns(const wire::Dhcpv6Reply& reply);
    void lose_lease();
    void end_decline(Instant now);
    bool update_lease(const wire::Dhcpv6Reply& reply);
    void set_timers(const wire::Dhcpv6Reply& reply);
    void expire(Instant now);

    MacAddress mac_;
    KeyedRandom random_;
    // Their longest waits are what servers say.
    Retransmission solicit_ = kSolicit, information_ = kInformation;
    State state_ = State::kIdle;
    bool with_address_ = true;
    std::uint32_t transaction_ = 0;
    int tries_ = 0;
    Instant began_;
    Duration wait_;
    Instant deadline_ = Instant::never();  // of the next message
    std::optional<wire::Duid> server_;
    // What has been offered, or is to be given back.
    std::size_t named_count_ = 0;
    std::array<IpAddress, wire::kDhcpv6Addresses> named_;
    std::optional<LeaseV6> lease_;
    std::size_t dns_count_ = 0;
    std::array<IpAddress, wire::Dhcpv6Reply::kDns> dns_;
    wire::DomainList search_;
    std::uint32_t changes_ = 0;
};

}  // namespace holm::net::dhcp
