// A packet for others: what it must be to go on, and what becomes of it if it is not.

#include "net/wire/ipv4.h"
#include "services/route/router.h"

namespace holm::route {

using net::IpAddress;
using packet::Packet;
using packet::Verdict;

namespace {

// RFC 3927, section 2.7: such packets stay on their link.
bool is_link_local_v4(const IpAddress& address) {
    return address.to_v4() >> 16 == 0xa9fe;
}

}  // namespace

void Router::refuse(const Errand& errand, const Packet& packet, const route::Way& way) {
    switch (way.kind) {
        case WayKind::kUnreachable:
            drop(errand.in, Drop::kUnreachable);
            return tell(errand.now, Trouble::kUnreachable, packet.network());
        case WayKind::kProhibited:
            drop(errand.in, Drop::kProhibited);
            return tell(errand.now, Trouble::kProhibited, packet.network());
        default:
            drop(errand.in, Drop::kBlackhole);
    }
}

void Router::forward(const Errand& errand, Packet& packet, const route::Way& way) {
    Port& in = ports_[errand.in];
    const IpAddress source = packet.source();
    if (packet.is_v4() && (is_link_local_v4(source) || is_link_local_v4(packet.destination())))
        return void(drop(errand.in, Drop::kScope));
    if (source.is_link_local()) {
        drop(errand.in, Drop::kScope);
        return tell(errand.now, Trouble::kScope, packet.network());
    }
    if (packet.is_v4() &&
        packet.transport_offset() - packet.network_offset() > net::wire::Ipv4Header::kSize) {
        // Options are left as they are, but for those that would have us choose another way.
        const auto header = net::wire::Ipv4Header::parse(packet.network());
        if (!header) {
            drop(errand.in, reason_of(header.error()));
            if (header.error() != net::Drop::kSourceRoute) return;
            return tell(errand.now, Trouble::kSourceRoute, packet.network());
        }
    }
    if (packet.hop_limit() <= 1) {
        drop(errand.in, Drop::kHopLimit);
        return tell(errand.now, Trouble::kHopLimit, packet.network());
    }
    Port* const out = way.interface < ports_.size() ? &ports_[way.interface] : nullptr;
    if (!out || !out->interface || out->interface->gone()) return void(drop(errand.in, Drop::kInterfaceDown));
    const std::size_t mtu = mtu_of(*out->interface, packet.is_v4());
    if (!fits(packet, mtu) && !may_fragment(packet)) {
        drop(errand.in, Drop::kTooBig);
        return tell(errand.now, Trouble::kTooBig, packet.network(), std::uint32_t(mtu));
    }
    packet.out_interface = std::uint16_t(way.interface + 1);
    packet.decrement_hop_limit();
    if (hooks_) {
        Verdict verdict = hooks_->forward(errand.now, packet);
        if (verdict == Verdict::kAccept) verdict = hooks_->postrouting(errand.now, packet);
        if (verdict == Verdict::kDrop) drop(errand.in, Drop::kFiltered);
        if (verdict != Verdict::kAccept) return;
    }
    // Only now: what the router itself sends passes the hooks, which look at one packet at a time.
    if (out == &in && in.redirects && packet.source() == source) redirect(errand, packet, way);
    ++in.counters.forwarded;
    ++out->counters.sent;
    emit(errand.now, way.interface, way.next_hop, packet, errand.place);
}

}  // namespace holm::route
