#include "net/ndp/host.h"

#include <algorithm>

#include "net/wire/icmpv6.h"

namespace holm::net::ndp {

namespace {

using wire::Icmpv6Type;

constexpr IpAddress kAllNodes = IpAddress::v6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});

}  // namespace

bool Host::is_own(const IpAddress& address) const {
    const Address* own = addresses_.find(address);
    return own && own->usable();
}

bool Host::is_unique(const IpAddress& address) const {
    const Address* own = addresses_.find(address);
    return own && own->state == Address::State::kUnique;
}

bool Host::listens(const IpAddress& group) const {
    if (!running_) return false;
    if (group == kAllNodes.with_zone(zone_)) return true;
    // An address that is being tried listens too: that is how duplicates are found.
    for (const Address& own : addresses_.all())
        if (solicited_node(own.address, zone_) == group) return true;
    return false;
}

IpAddress Host::link_local() const {
    for (const Address& own : addresses_.all())
        if (own.address.is_link_local() && own.usable()) return own.address;
    return {};
}

void Host::take_change(const IpAddress& neighbor, MacAddress mac, NeighborCache::Change change,
                       Output& output) {
    if (change.ready) output.resolved(neighbor, mac);
    if (change.contested) counters_.count(Drop::kContested);
    // Section 7.3.3: what is no router any more is no way out any more.
    if (change.router_lost && routers_.forget(neighbor)) ++changes_;
}

void Host::receive(Instant now, const Heard& heard, Output& output) {
    if (!running_) return;
    // Sections 6.1 and 7.1: from the link and not through any router.
    if (heard.hop_limit != 255 || heard.fragmented) return counters_.count(Drop::kBadSource);
    const auto header = wire::Icmpv6Header::parse(heard.message);
    if (!header) return counters_.count(header.error());
    switch (header->type) {
        case Icmpv6Type::kNeighborSolicitation:
            return receive_solicitation(now, heard, output);
        case Icmpv6Type::kNeighborAdvertisement:
            return receive_advertisement(now, heard, output);
        case Icmpv6Type::kRouterAdvertisement:
            return receive_router(now, heard, output);
        case Icmpv6Type::kRedirect:
            return receive_redirect(now, heard, output);
        default:
            return;  // solicitations of routers are not for hosts (section 6.2.6)
    }
}

// Sections 7.1.1 and 7.2.3; RFC 4862, section 5.4.3.
void Host::receive_solicitation(Instant now, const Heard& heard, Output& output) {
    const auto parsed = wire::NeighborSolicitation::parse(heard.message);
    if (!parsed) return counters_.count(parsed.error());
    const wire::NeighborSolicitation& message = *parsed;
    const bool probing = heard.source.is_unspecified();
    if (probing && (message.source_mac || heard.destination != solicited_node(message.target, zone_)))
        return counters_.count(Drop::kBadSource);
    const IpAddress target =
        message.target.is_link_local() ? message.target.with_zone(zone_) : message.target;
    Address* own = addresses_.find(target);
    if (!own || own->state == Address::State::kDuplicate) return;

    if (own->state == Address::State::kTentative) {
        if (probing) {
            if (!message.nonce || *message.nonce != own->nonce) found_duplicate(now, *own, output);
            return;
        }
        if (!own->optimistic) return;
    }
    if (!probing && message.source_mac)
        take_change(heard.source, *message.source_mac,
                    neighbors_.heard(now, heard.source, *message.source_mac), output);
    if (!replies_.take(now)) return counters_.count(Drop::kRateLimited);
    std::byte bytes[wire::kMaximumNdpMessage];
    const std::size_t size = wire::NeighborAdvertisement{.router = configuration_.router,
                                                         .solicited = !probing,
                                                         .overrides = own->settled(),
                                                         .target = target,
                                                         .target_mac = mac_}
                                 .emit(bytes);
    const auto reply = MutableBytes(bytes).first(size);
    if (probing) return output.send_ndp(target, kAllNodes, std::nullopt, reply);
    // To where the question came from, or to whom the cache knows; an asker unknown to us asks again by
    // multicast, with its MAC.
    std::optional<MacAddress> mac = message.source_mac;
    if (!mac) mac = neighbors_.resolve(now, heard.source);
    if (mac) output.send_ndp(target, heard.source, mac, reply);
}

// Sections 7.1.2 and 7.2.5.
void Host::receive_advertisement(Instant now, const Heard& heard, Output& output) {
    auto parsed = wire::NeighborAdvertisement::parse(heard.message);
    if (!parsed) return counters_.count(parsed.error());
    wire::NeighborAdvertisement& message = *parsed;
    if (heard.destination.is_multicast() && message.solicited) return counters_.count(Drop::kBadSource);
    if (message.target.is_link_local()) message.target = message.target.with_zone(zone_);
    if (message.target_mac == mac_) return;  // our own, reflected by the link
    if (Address* own = addresses_.find(message.target)) {
        if (own->state == Address::State::kTentative) return found_duplicate(now, *own, output);
        ++conflicts_;  // RFC 4862, section 5.4.4: an error that it leaves to others
        return;
    }
    const auto change = neighbors_.advertised(now, message);
    if (change.unknown) return counters_.count(Drop::kUnsolicited);
    if (routers_.mark(message.target, false)) ++changes_;
    take_change(message.target, message.target_mac.value_or(MacAddress()), change, output);
}

// Sections 6.1.2 and 6.3.4.
void Host::receive_router(Instant now, const Heard& heard, Output& output) {
    const auto parsed = wire::RouterAdvertisement::parse(heard.message);
    if (!parsed) return counters_.count(parsed.error());
    if (!heard.source.is_link_local()) return counters_.count(Drop::kBadSource);
    if (!configuration_.autoconfigure) return counters_.count(Drop::kDisabled);
    if (!advertisements_.take(now)) return counters_.count(Drop::kRateLimited);
    const wire::RouterAdvertisement& message = *parsed;

    if (routers_.learn_router(now, heard.source, message.preference, message.lifetime_seconds)) ++changes_;
    if (message.lifetime_seconds != 0) next_solicitation_ = Instant::never();
    if (managed_ != message.managed || other_ != message.other) ++changes_;
    managed_ = message.managed;
    other_ = message.other;
    const auto retransmit = Duration::milliseconds(message.retransmit_milliseconds);
    neighbors_.set_timing(std::min(Duration::milliseconds(message.reachable_milliseconds), kLongestReachable),
                          message.retransmit_milliseconds == 0
                              ? Duration()
                              : std::clamp(retransmit, kShortestRetransmit, kLongestRetransmit));
    if (message.source_mac)
        take_change(heard.source, *message.source_mac,
                    neighbors_.heard(now, heard.source, *message.source_mac), output);
    neighbors_.mark_router(heard.source);
    if (message.mtu >= kMinimumMtu && message.mtu <= device_mtu_) mtu_ = message.mtu;
    for (const auto& prefix : std::span(message.prefixes).first(message.prefix_count))
        take_prefix(now, prefix, output);
    for (std::size_t i = 0; i < message.dns_count; ++i) {
        const IpAddress server =
            message.dns[i].is_link_local() ? message.dns[i].with_zone(zone_) : message.dns[i];
        if (routers_.learn_dns(now, server, message.dns_seconds[i])) ++changes_;
    }
    if (!message.search.empty() && routers_.learn_search(now, message.search, message.search_seconds))
        ++changes_;
}

// Section 6.3.4 for the link, RFC 4862, section 5.5.3 for addresses.
void Host::take_prefix(Instant now, const wire::PrefixInformation& prefix, Output& output) {
    if (prefix.prefix.is_link_local() || prefix.prefix.is_multicast()) return;
    if (prefix.on_link && prefix.length != 0 &&
        routers_.learn_prefix(now, prefix.prefix, prefix.length, prefix.valid_seconds))
        ++changes_;
    if (!prefix.autonomous || prefix.preferred_seconds > prefix.valid_seconds || prefix.length != 64) return;
    const Instant preferred = lifetime_end(now, prefix.preferred_seconds);
    const Instant valid = lifetime_end(now, prefix.valid_seconds);
    for (Address& own : addresses_.all()) {
        if (own.origin != Origin::kAdvertised ||
            !std::equal(own.address.bytes().begin(), own.address.bytes().begin() + 8,
                        prefix.prefix.bytes().begin()))
            continue;
        // (e): nobody shortens what is left below two hours, or a forged message would take our addresses.
        const Duration left = own.valid_until - now;
        own.preferred_until = preferred;
        if (valid - now > kTwoHours || valid > own.valid_until)
            own.valid_until = valid;
        else if (left > kTwoHours)
            own.valid_until = now + kTwoHours;
        addresses_deadline_ = now;
        return;
    }
    if (prefix.valid_seconds == 0) return;
    const IpAddress address = stable_address(prefix.prefix, zone_, 0, configuration_.secret);
    add_address(now, address, 64, Origin::kAdvertised, preferred, valid, output);
}

// Sections 8.1 and 8.3.
void Host::receive_redirect(Instant now, const Heard& heard, Output& output) {
    if (!configuration_.accept_redirects) return counters_.count(Drop::kDisabled);
    auto parsed = wire::Redirect::parse(heard.message);
    if (!parsed) return counters_.count(parsed.error());
    wire::Redirect& message = *parsed;
    if (message.target.is_link_local()) message.target = message.target.with_zone(zone_);
    // Only the router that we send through may say so.
    const Router* router = routers_.best();
    if (!router || router->address != heard.source) return counters_.count(Drop::kBadSource);
    if (!advertisements_.take(now)) return counters_.count(Drop::kRateLimited);
    if (message.target_mac)
        take_change(message.target, *message.target_mac,
                    neighbors_.heard(now, message.target, *message.target_mac), output);
    if (message.target != message.destination) neighbors_.mark_router(message.target);
    redirects_.add(now, message.destination, message.target);
    ++changes_;
}

void Host::transmit(Instant now, Output& output) {
    if (!running_ || now < next_deadline()) return;
    run_addresses(now, output);
    run_solicitations(now, output);
    if (routers_.expire(now)) ++changes_;
    if (redirects_.expire(now)) ++changes_;
    while (const auto request = neighbors_.due(now)) {
        // Section 7.2.2 would have the source of the packet that waits; any address of ours is as good.
        wire::NeighborSolicitation message;
        message.target = request->target;
        IpAddress source;
        for (const Address& own : addresses_.all()) {
            if (!own.usable() || own.address.is_link_local() != request->target.is_link_local()) continue;
            source = own.address;
            if (own.settled()) break;
        }
        if (source.is_unspecified()) source = link_local();
        if (source.is_unspecified()) continue;
        // RFC 4429, section 3.3: an address that may yet be another's is not put into caches.
        const Address* own = addresses_.find(source);
        if (own->settled()) message.source_mac = mac_;
        std::byte bytes[wire::kMaximumNdpMessage];
        const std::size_t size = message.emit(bytes);
        output.send_ndp(source, request->known ? request->target : solicited_node(request->target, zone_),
                        request->known, MutableBytes(bytes).first(size));
    }
    while (const auto silent = neighbors_.failed(now)) {
        if (routers_.mark(*silent, true)) ++changes_;
        if (redirects_.expire(now, *silent)) ++changes_;
        output.unresolved(now, *silent);
    }
}

Instant Host::rare_deadline() const {
    return std::min(
        {addresses_deadline_, next_solicitation_, routers_.next_deadline(), redirects_.next_deadline()});
}

}  // namespace holm::net::ndp
