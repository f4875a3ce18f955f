#include "services/route/router.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "net/wire/ethernet.h"
#include "net/wire/ipv4.h"

namespace holm::route {

using net::IpAddress;
using packet::Packet;
using packet::Verdict;

namespace {

constexpr std::size_t kEthernet = net::wire::EthernetHeader::kSize;

// RFC 1812, sections 4.2.2.11, 5.3.7; RFC 6890: what no packet on a wire comes from.
bool is_martian_source(const IpAddress& source) {
    if (source.is_v4()) {
        const std::uint32_t first = source.to_v4() >> 24;
        return first == 0 || first == 127 || first >= 224;
    }
    return source.is_multicast() || source == IpAddress() || source.is_loopback();
}

bool is_martian_target(const IpAddress& target) {
    if (target.is_v4()) {
        const std::uint32_t first = target.to_v4() >> 24;
        return first == 0 || first == 127 || first >= 240;
    }
    return target == IpAddress() || target.is_loopback();
}

}  // namespace

Router::Router(net::Stack& stack, const Table& table, const SipHashKey& key)
    : stack_(stack), table_(table), routes_(table_), key_(key), random_({key.high, ~key.low}) {
    by_zone_.fill(kNoInterface);
    stack_.set_forwarder(this);
}

Router::~Router() {
    leave(seen_);
    stack_.set_forwarder(nullptr);
}

Result<> Router::attach(Instant now, std::size_t index, net::Interface& interface) {
    const auto record = table_.interfaces().at(index);
    if (!record) return fail(ErrorCode::kNoDevice, "the router's table has no such interface");
    Port& port = ports_[index];
    port.reverse_path = record->reverse_path;
    port.redirects = record->redirects != 0;

    const bool has_v4 = !interface.address().is_unspecified() || stack_.lease(interface) != nullptr;
    const bool has_v6 = interface.ipv6().running();
    port.dynamic = has_v4 || has_v6 || record->v4 == AddressSource::kAutomatic ||
                   record->v6 == AddressSource::kAutomatic;
    any_dynamic_ |= port.dynamic;
    if (!has_v4 && record->v4 == AddressSource::kStatic)
        TRY(stack_.set_address(now, interface, IpAddress::v4(record->v4_address), record->v4_length,
                               IpAddress::any_v4(), net::link::AddressPolicy::kAnnounce));
    if (!has_v4 && record->v4 == AddressSource::kAutomatic) TRY(stack_.start_dhcp(now, interface));
    if (!has_v6 && record->v6 != AddressSource::kNone) {
        net::Ipv6Configuration configuration;
        configuration.autoconfigure = record->v6 == AddressSource::kAutomatic;
        configuration.secret = {random_.next(), random_.next()};
        configuration.router = true;
        TRY(stack_.start_ipv6(now, interface, configuration));
        for (std::uint32_t i = 0; i < record->address_count; ++i)
            if (const auto own = table_.addresses().at(record->first_address + i))
                TRY(stack_.add_ipv6_address(now, interface, own->address.get(), own->length));
    }
    port.interface = &interface;
    by_zone_[interface.zone()] = std::uint8_t(index);
    routes_.set_present(std::uint8_t(index), true);
    known_.forget();
    if (any_dynamic_) refresh_dynamic();
    return start_services(now, port, *record);
}

Drop Router::reason_of(net::Drop parse_error) {
    if (parse_error == net::Drop::kBadChecksum) return Drop::kBadChecksum;
    if (parse_error == net::Drop::kSourceRoute) return Drop::kSourceRoute;
    return Drop::kMalformed;
}

bool Router::drop(std::uint8_t in, Drop reason) {
    ++ports_[in].counters.drops[std::size_t(reason)];
    return true;
}

bool Router::receive(Instant now, net::Interface& physical, const net::ReceivedFrame& frame) {
    const auto header = net::wire::EthernetHeader::parse(frame.bytes);
    if (!header) return false;
    std::size_t start = kEthernet;
    std::uint16_t type = header->type;
    net::Interface* interface = &physical;
    if (type == net::wire::kEtherTypeVlan) {
        const auto tag = net::wire::VlanTag::parse(frame.bytes.subspan(kEthernet));
        if (!tag) return false;
        if (tag->id != 0) interface = stack_.vlan_of(physical, tag->id);
        start += net::wire::VlanTag::kSize;
        type = tag->type;
    }
    if (type != net::wire::kEtherTypeIpv4 && type != net::wire::kEtherTypeIpv6) return false;
    if (!interface) return false;
    const std::uint8_t in = port_of(*interface);
    const bool group = header->destination.is_multicast();
    if (in == kNoInterface || (!group && header->destination != interface->mac())) return false;

    interface->count_received(frame.bytes.size());
    ++ports_[in].counters.received;
    Errand errand{now, in, {frame.memory, frame.owner}};
    if (frame.memory.empty()) {
        if (!inward_) inward_.reset(new (std::nothrow) std::byte[Cutter::kRoom]);
        if (!inward_ || frame.bytes.size() > Cutter::kRoom - Cutter::kHeadroom)
            return drop(in, Drop::kMalformed);
        errand.place = {MutableBytes(inward_.get(), Cutter::kHeadroom + frame.bytes.size()), nullptr};
        std::ranges::copy(frame.bytes, errand.place.memory.begin() + Cutter::kHeadroom);
    }
    auto packet = Packet::parse(errand.place.memory.last(frame.bytes.size()), frame.offload, start);
    if (!packet) return drop(in, reason_of(packet.error()));
    if (packet->is_v4() != (type == net::wire::kEtherTypeIpv4)) return drop(in, Drop::kMalformed);
    take(errand, *packet, group);
    // Before the next packet: what hooks know of the flow that this is about, they may know no longer then.
    run_injected(now);
    return true;
}

void Router::take(const Errand& errand, Packet& packet, bool link_group) {
    // Written as IPv6, an IPv4 address only deceives (RFC 4942, section 2.2).
    if (!packet.is_v4()) {
        if (packet.source().is_v4()) return void(drop(errand.in, Drop::kMartianSource));
        if (packet.destination().is_v4()) return void(drop(errand.in, Drop::kMartianTarget));
        if (!ports_[errand.in].interface->ipv6().running())
            return void(drop(errand.in, Drop::kInterfaceDown));
    }
    packet.in_interface = std::uint16_t(errand.in + 1);
    if (hooks_) {
        const Verdict verdict = hooks_->prerouting(errand.now, packet);
        if (verdict == Verdict::kDrop) drop(errand.in, Drop::kFiltered);
        if (verdict != Verdict::kAccept) return;
    }
    const IpAddress source = packet.source(), destination = packet.destination();
    if (const route::Way* const known = link_group ? nullptr : known_.find(errand.in, source, destination))
        return forward(errand, packet, *known);
    if (link_group || destination.is_multicast() || destination.is_limited_broadcast() ||
        destination.is_link_local())
        return deliver(errand, packet, link_group);
    if (is_martian_target(destination)) return void(drop(errand.in, Drop::kMartianTarget));
    if (!source_is_sound(errand, packet)) return;

    bool chosen = false;
    const auto way = way_of(packet, chosen);
    if (!way) {
        drop(errand.in, Drop::kNoRoute);
        return tell(errand.now, Trouble::kNoRoute, packet.network());
    }
    if (way->kind == WayKind::kForward) {
        if (!chosen) known_.remember(errand.in, source, destination, *way);
        return forward(errand, packet, *way);
    }
    if (way->kind == WayKind::kLocal) return deliver(errand, packet, false);
    if (way->kind != WayKind::kBroadcast) return refuse(errand, packet, *way);
    if (way->interface != errand.in) return void(drop(errand.in, Drop::kGroup));
    deliver(errand, packet, false);
}

bool Router::source_is_sound(const Errand& errand, const Packet& packet) {
    const IpAddress source = packet.source();
    if (is_martian_source(source)) return !drop(errand.in, Drop::kMartianSource);
    if (source.is_link_local() && !source.is_v4()) return true;  // where it goes decides: forward()
    const FibResult back = routes_.find(FibKey::of(source), packet.is_v4());
    const auto kind = routes_.kind(back);
    if (kind == WayKind::kLocal || kind == WayKind::kBroadcast) return !drop(errand.in, Drop::kMartianSource);
    switch (ports_[errand.in].reverse_path) {
        case ReversePath::kOff:
            return true;
        case ReversePath::kLoose:
            if (kind == WayKind::kForward) return true;
            break;
        case ReversePath::kStrict:
            if (kind == WayKind::kForward && routes_.leads_through(back, errand.in)) return true;
            break;
    }
    return !drop(errand.in, Drop::kReversePath);
}

void Router::deliver(const Errand& errand, Packet& packet, bool group) {
    if (hooks_) {
        const Verdict verdict = hooks_->input(errand.now, packet);
        if (verdict == Verdict::kDrop) drop(errand.in, Drop::kFiltered);
        if (verdict != Verdict::kAccept) return;
    }
    Port& port = ports_[errand.in];
    ++port.counters.delivered;
    if (serve(errand, port, packet)) return;
    // As if the link header were 14 bytes long and right in front, whatever there was.
    net::Offload offload = packet.offload();
    const std::size_t shift = packet.network_offset() - kEthernet;
    if (offload.needs_checksum && offload.checksum_start >= shift)
        offload.checksum_start = std::uint16_t(offload.checksum_start - shift);
    net::BufferOwner* const owner = holds(errand.place, packet) ? errand.place.owner : nullptr;
    if (packet.is_v4())
        stack_.ip().receive(errand.now, *port.interface, packet.network(), offload, group, owner);
    else
        stack_.ip().receive_v6(errand.now, *port.interface, packet.network(), offload, group, owner);
}

void Router::transmit(Instant now) {
    seen_ = now;
    if (any_dynamic_) refresh_dynamic();
    if (hooks_ && hooks_->next_deadline() <= now) hooks_->expire(now);
    run_injected(now);
    if (advertise_at_ <= now) run_advertisers(now);
}

Instant Router::next_deadline() const {
    if (!injected_.empty()) return Instant();
    return hooks_ ? std::min(advertise_at_, hooks_->next_deadline()) : advertise_at_;
}

}  // namespace holm::route
