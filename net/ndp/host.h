#pragma once

// Neighbour discovery for one interface of a host (RFC 4861), its addresses and how it comes by them
// (RFC 4862, RFC 7217, RFC 7527, RFC 4429). Messages in, messages out through Output; whoever owns it moves
// the bytes.

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/siphash.h"
#include "base/token_bucket.h"
#include "net/address.h"
#include "net/drop.h"
#include "net/ndp/addresses.h"
#include "net/ndp/neighbors.h"
#include "net/ndp/redirects.h"
#include "net/ndp/routers.h"

namespace holm::net::ndp {

struct Configuration {
    // Listen to routers: addresses by SLAAC, default routers, prefixes on the link, DNS servers.
    bool autoconfigure = true;
    // Use addresses while duplicates are being looked for (RFC 4429). Without it an address comes one to two
    // seconds after it was wanted.
    bool optimistic = true;
    // Redirects are an invitation to be hijacked, so they are not followed unless wanted.
    bool accept_redirects = false;
    // What is advertised to neighbours (RFC 4861, section 7.2.4): this is a router.
    bool router = false;
    // From which interface identifiers are made (RFC 7217): the same secret gives the same addresses.
    SipHashKey secret;
};

// A message that has come: an ICMPv6 message whose checksum is right.
struct Heard {
    IpAddress source;  // with zones, where they need one
    IpAddress destination;
    std::uint8_t hop_limit = 0;
    bool fragmented = false;  // RFC 6980: such messages are ignored
    Bytes message;
};

// Where what the host says goes.
class Output {
  public:
    // An ICMPv6 message with its checksum left zero, to be sent with hop limit 255. `mac`: of the next hop,
    // if it is a neighbour's; else the destination is a group.
    virtual void send_ndp(const IpAddress& source, const IpAddress& destination,
                          const std::optional<MacAddress>& mac, MutableBytes message) = 0;
    // Packets to this neighbour can go.
    virtual void resolved(const IpAddress& neighbor, MacAddress mac) = 0;
    // It does not answer.
    virtual void unresolved(Instant now, const IpAddress& neighbor) = 0;
    // The link is to carry the packets of this group to us.
    virtual void join(Instant now, const IpAddress& group) = 0;
    virtual void leave(Instant now, const IpAddress& group) = 0;

  protected:
    ~Output() = default;
};

class Host {
  public:
    // RFC 4861, section 10; RFC 7559 has solicitations go on with growing intervals.
    static constexpr Duration kSolicitationDelay = Duration::seconds(1);
    static constexpr Duration kSolicitationInterval = Duration::seconds(4);
    static constexpr Duration kLongestSolicitationInterval = Duration::minutes(60);
    // DupAddrDetectTransmits: one, as RFC 4862 has it, while nobody may use the address. Where it is used
    // meanwhile more cost nothing, and the first frames on a link that has just come up tend to be lost.
    static constexpr int kDuplicateSolicitations = 1;
    static constexpr int kOptimisticSolicitations = 3;
    static constexpr int kIdentifierRetries = 3;  // RFC 7217, section 6
    static constexpr Duration kTwoHours = Duration::minutes(120);
    static constexpr std::uint32_t kMinimumMtu = 1280;
    // What a router may advertise is believed between these.
    static constexpr Duration kLongestReachable = Duration::minutes(60);
    static constexpr Duration kShortestRetransmit = Duration::milliseconds(100);
    static constexpr Duration kLongestRetransmit = Duration::seconds(10);

    Host(MacAddress mac, std::uint8_t zone, const SipHashKey& key, Counters& counters)
        : mac_(mac), zone_(zone), counters_(counters), random_(key), neighbors_(random_) {}
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    // Takes a link-local address, and looks for routers if that is wanted. Until then nothing is received.
    void start(Instant now, const Configuration& configuration, std::uint32_t mtu, Output& output);
    bool running() const { return running_; }
    std::uint8_t zone() const { return zone_; }

    // Another address. False: there is no room for it, or it is there already.
    bool add_address(Instant now, const IpAddress& address, std::uint8_t prefix_length, Origin origin,
                     Instant preferred_until, Instant valid_until, Output& output);
    void remove_address(Instant now, const IpAddress& address, Output& output);
    // Gives an address another lifetime. False: it is none of ours.
    bool extend_address(const IpAddress& address, Instant preferred_until, Instant valid_until);

    // An address that packets are received for.
    bool is_own(const IpAddress& address) const;
    // One that nobody else can have: what comes from it is forged, or our own.
    bool is_unique(const IpAddress& address) const;
    // A group that this host listens to by itself: all nodes, and the solicited-node groups of its addresses.
    bool listens(const IpAddress& group) const;
    std::span<const Address> addresses() const { return addresses_.all(); }
    // The address of link scope, :: while there is none that can be used.
    IpAddress link_local() const;

    // The MAC address of a neighbour, or nothing while it is being asked for.
    void confirm(Instant now, const IpAddress& neighbor) { neighbors_.confirm(now, neighbor); }
    std::optional<MacAddress> resolve(Instant now, const IpAddress& neighbor) {
        return neighbors_.resolve(now, neighbor);
    }
    NeighborCache& neighbors() { return neighbors_; }
    const NeighborCache& neighbors() const { return neighbors_; }
    const RouterLists& routers() const { return routers_; }
    const Redirects& redirects() const { return redirects_; }
    std::uint32_t mtu() const { return mtu_; }
    // A router said that addresses, or other things, are to be had by DHCPv6.
    bool managed() const { return managed_; }
    bool other_configuration() const { return other_; }
    // Rises whenever addresses, routers, prefixes, DNS servers or redirects have changed.
    std::uint32_t changes() const { return changes_; }
    std::uint64_t conflicts() const { return conflicts_; }

    // A router or neighbour discovery message.
    void receive(Instant now, const Heard& heard, Output& output);
    // Sends what is due.
    void transmit(Instant now, Output& output);
    Instant next_deadline() const { return std::min(neighbors_.next_deadline(), rare_deadline()); }
    // Of all but neighbours: only add_address() and the like, receive() and transmit() change it.
    Instant rare_deadline() const;

  private:
    void receive_solicitation(Instant now, const Heard& heard, Output& output);
    void receive_advertisement(Instant now, const Heard& heard, Output& output);
    void receive_router(Instant now, const Heard& heard, Output& output);
    void receive_redirect(Instant now, const Heard& heard, Output& output);
    void take_prefix(Instant now, const wire::PrefixInformation& prefix, Output& output);
    void take_change(const IpAddress& neighbor, MacAddress mac, NeighborCache::Change change, Output& output);

    // --- host_addresses.cpp ---
    void begin_address(Instant now, Address address, Output& output);
    void found_duplicate(Instant now, Address& address, Output& output);
    void drop_address(Instant now, const Address& address, Output& output);
    void run_addresses(Instant now, Output& output);
    void run_solicitations(Instant now, Output& output);

    MacAddress mac_;
    std::uint8_t zone_;
    Counters& counters_;
    Configuration configuration_;
    KeyedRandom random_;
    AddressSet addresses_;
    NeighborCache neighbors_;
    RouterLists routers_;
    Redirects redirects_;
    TokenBucket replies_{1000, 100};      // neighbour advertisements a second, at once
    TokenBucket advertisements_{10, 20};  // of routers, heard a second, at once
    bool running_ = false;
    bool managed_ = false;
    bool other_ = false;
    std::uint32_t mtu_ = 0;  // bytes of a packet that the link carries, as routers say
    std::uint32_t device_mtu_ = 0;
    Duration solicitation_wait_ = kSolicitationInterval;
    Instant next_solicitation_ = Instant::never();
    Instant addresses_deadline_ = Instant::never();
    std::uint32_t changes_ = 0;
    std::uint64_t conflicts_ = 0;
};

}  // namespace holm::net::ndp
