// How a host comes by its addresses, tries them and loses them (RFC 4862), and how it asks for routers.

#include <algorithm>

#include "net/ndp/host.h"
#include "net/wire/icmpv6.h"

namespace holm::net::ndp {

namespace {

constexpr IpAddress kLinkLocalPrefix = IpAddress::v6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
constexpr IpAddress kAllRouters = IpAddress::v6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2});

}  // namespace

void Host::start(Instant now, const Configuration& configuration, std::uint32_t mtu, Output& output) {
    configuration_ = configuration;
    running_ = true;
    mtu_ = device_mtu_ = mtu;
    Address link_local;
    link_local.address = stable_address(kLinkLocalPrefix, zone_, 0, configuration_.secret).with_zone(zone_);
    link_local.origin = Origin::kLinkLocal;
    begin_address(now, link_local, output);
    if (configuration_.autoconfigure) next_solicitation_ = now;
}

void Host::begin_address(Instant now, Address address, Output& output) {
    address.state = Address::State::kTentative;
    address.optimistic = configuration_.optimistic;
    address.solicitations = 0;
    // RFC 4862, section 5.4.2: a random delay where many hosts may begin at once.
    address.next =
        configuration_.optimistic
            ? now
            : now + Duration::nanoseconds(std::int64_t(random_.below(kSolicitationDelay.as_nanoseconds())));
    const std::uint64_t nonce = random_.next();
    for (std::size_t i = 0; i < address.nonce.size(); ++i) address.nonce[i] = std::uint8_t(nonce >> (8 * i));
    if (!addresses_.add(address)) return counters_.count(Drop::kQueueFull);
    addresses_deadline_ = std::min(addresses_deadline_, address.next);
    output.join(now, solicited_node(address.address, zone_));
    ++changes_;
}

bool Host::add_address(Instant now, const IpAddress& address, std::uint8_t prefix_length, Origin origin,
                       Instant preferred_until, Instant valid_until, Output& output) {
    const IpAddress own = address.is_link_local() ? address.with_zone(zone_) : address;
    if (addresses_.find(own) || addresses_.all().size() == AddressSet::kCapacity) return false;
    Address added;
    added.address = own;
    added.prefix_length = prefix_length;
    added.origin = origin;
    added.preferred_until = preferred_until;
    added.valid_until = valid_until;
    begin_address(now, added, output);
    return true;
}

void Host::drop_address(Instant now, const Address& address, Output& output) {
    output.leave(now, solicited_node(address.address, zone_));
    addresses_.remove(address);
    ++changes_;
}

void Host::remove_address(Instant now, const IpAddress& address, Output& output) {
    if (const Address* own = addresses_.find(address)) drop_address(now, *own, output);
}

bool Host::extend_address(const IpAddress& address, Instant preferred_until, Instant valid_until) {
    Address* own = addresses_.find(address);
    if (!own) return false;
    own->preferred_until = preferred_until;
    own->valid_until = valid_until;
    addresses_deadline_ = std::min({addresses_deadline_, preferred_until, valid_until});
    return true;
}

// RFC 4862, section 5.4.5; RFC 7217, section 6: another identifier is tried for what we made ourselves.
void Host::found_duplicate(Instant now, Address& address, Output& output) {
    ++conflicts_;
    const bool ours = address.origin == Origin::kLinkLocal || address.origin == Origin::kAdvertised;
    if (!ours || address.duplicates >= kIdentifierRetries) {
        address.state = Address::State::kDuplicate;
        ++changes_;
        return;
    }
    Address another = address;
    ++another.duplicates;
    drop_address(now, address, output);
    another.address = stable_address(another.address, zone_, another.duplicates, configuration_.secret)
                          .with_zone(another.address.zone());
    begin_address(now, another, output);
}

void Host::run_addresses(Instant now, Output& output) {
    if (now < addresses_deadline_) return;
    addresses_deadline_ = Instant::never();
    for (std::size_t i = 0; i < addresses_.all().size();) {
        Address& own = addresses_.all()[i];
        if (now >= own.valid_until) {
            drop_address(now, own, output);
            continue;
        }
        ++i;
        if (own.state == Address::State::kTentative && now >= own.next) {
            if (own.solicitations == (own.optimistic ? kOptimisticSolicitations : kDuplicateSolicitations)) {
                own.state = Address::State::kUnique;
                ++changes_;
            } else {
                ++own.solicitations;
                own.next = now + NeighborCache::kRetransmitTimer;
                wire::NeighborSolicitation message;
                message.target = own.address;
                message.nonce = own.nonce;
                std::byte bytes[wire::kMaximumNdpMessage];
                const std::size_t size = message.emit(bytes);
                output.send_ndp({}, solicited_node(own.address, zone_), std::nullopt,
                                MutableBytes(bytes).first(size));
            }
        }
        if (own.state == Address::State::kTentative)
            addresses_deadline_ = std::min(addresses_deadline_, own.next);
        // An address that is deprecated from now on is another answer to who chooses a source.
        if (own.preferred_until > now)
            addresses_deadline_ = std::min(addresses_deadline_, own.preferred_until);
        addresses_deadline_ = std::min(addresses_deadline_, own.valid_until);
    }
}

// RFC 4861, section 6.3.7; RFC 7559: until a router has answered.
void Host::run_solicitations(Instant now, Output& output) {
    if (now < next_solicitation_) return;
    const IpAddress source = link_local();
    if (source.is_unspecified()) {
        next_solicitation_ = now + NeighborCache::kRetransmitTimer;
        return;
    }
    next_solicitation_ = now + solicitation_wait_;
    solicitation_wait_ = std::min(solicitation_wait_ * 2, kLongestSolicitationInterval);
    wire::RouterSolicitation message;
    if (addresses_.find(source)->settled()) message.source_mac = mac_;
    std::byte bytes[wire::kMaximumNdpMessage];
    const std::size_t size = message.emit(bytes);
    output.send_ndp(source, kAllRouters.with_zone(zone_), std::nullopt, MutableBytes(bytes).first(size));
}

}  // namespace holm::net::ndp
