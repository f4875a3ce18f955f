#pragma once

// The IPv6 addresses of one interface: where they come from, whether they are known to be ours alone
// (duplicate address detection, RFC 4862, section 5.4), how long they are good for (section 5.5.4).
//
// Bound: kCapacity addresses. A router that advertises more prefixes is not listened to.

#include <array>
#include <cstdint>
#include <span>

#include "base/instant.h"
#include "base/siphash.h"
#include "net/address.h"
#include "net/wire/ndp.h"

namespace holm::net::ndp {

enum class Origin : std::uint8_t { kLinkLocal, kStatic, kAdvertised, kDhcp };

struct Address {
    enum class State : std::uint8_t {
        kTentative,  // being asked for
        kUnique,     // nobody else has it
        kDuplicate,  // somebody else has it: never used
    };
    IpAddress address;  // with its zone
    std::uint8_t prefix_length = 64;
    Origin origin = Origin::kStatic;
    State state = State::kTentative;
    // RFC 4429: used while it is tentative, with the manners of section 3.3, and so good at once.
    bool optimistic = false;
    std::uint8_t solicitations = 0;  // sent so far to find a duplicate
    std::uint8_t duplicates = 0;     // found for this prefix, with other identifiers
    wire::NdpNonce nonce{};          // in those solicitations: RFC 7527, a loop in the link is no duplicate
    Instant next;                    // kTentative: the next solicitation, or the end
    Instant preferred_until = Instant::never();
    Instant valid_until = Instant::never();

    bool usable() const { return state == State::kUnique || (state == State::kTentative && optimistic); }
    // Nobody has objected in the time that RFC 4862 gives them (section 5.4, DupAddrDetectTransmits 1), so
    // that others may put it into their caches, whether or not we ask again: there are hosts that answer
    // nobody whose MAC they are not told (RFC 4861, section 7.1.1 lets them).
    bool settled() const { return state == State::kUnique || (usable() && solicitations > 1); }
    bool preferred(Instant now) const { return now < preferred_until; }
};

class AddressSet {
  public:
    static constexpr std::size_t kCapacity = 16;

    // Null if there is none, whatever its state.
    Address* find(const IpAddress& address);
    const Address* find(const IpAddress& address) const;
    // Null when full.
    Address* add(const Address& address);
    void remove(const Address& address);
    std::span<Address> all() { return {addresses_.data(), count_}; }
    std::span<const Address> all() const { return {addresses_.data(), count_}; }

  private:
    std::array<Address, kCapacity> addresses_;
    std::size_t count_ = 0;
};

// An interface identifier that is the same whenever we come back to a prefix, and says nothing elsewhere
// (RFC 7217, section 5): F(prefix, interface, -, counter, secret) is SipHash, and the interface its number.
// Identifiers that RFC 5453 reserves are never made.
IpAddress stable_address(const IpAddress& prefix, std::uint8_t interface, std::uint8_t counter,
                         const SipHashKey& secret);

// ff02::1:ffXX:XXXX of an address (RFC 4291, section 2.7.1), in its zone.
IpAddress solicited_node(const IpAddress& address, std::uint8_t zone);

}  // namespace holm::net::ndp
