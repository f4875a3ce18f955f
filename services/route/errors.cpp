// What senders are told of packets that go no further (RFC 1812, section 5.2.7; RFC 4443), by way of the
// stack's ICMP, which knows what must not be answered and keeps the rate.

#include "base/network_order.h"
#include "net/wire/icmpv4.h"
#include "net/wire/icmpv6.h"
#include "net/wire/layout.h"
#include "services/route/router.h"

namespace holm::route {

using net::IpAddress;
using net::wire::Icmpv4Type;
using net::wire::Icmpv4Unreachable;
using net::wire::Icmpv6Type;
using net::wire::Icmpv6Unreachable;

void Router::tell(Instant now, Trouble trouble, Bytes packet, std::uint32_t value) {
    const bool v4 = std::to_integer<unsigned>(packet[0]) >> 4 == 4;
    net::ip::Received about;
    about.datagram = packet;
    about.source = v4 ? IpAddress::v4(std::uint32_t{net::wire::load<NetU32>(packet.subspan(12))})
                      : IpAddress::v6(net::wire::load<std::array<std::uint8_t, 16>>(packet.subspan(8)));
    // The error comes from the address of the interface that it leaves by (RFC 1812, section 4.3.2.4).
    const auto route = stack_.ip().route(about.source, {});
    if (!route) return;
    about.destination = route->source;

    if (v4) {
        auto type = Icmpv4Type::kUnreachable;
        auto code = std::uint8_t(Icmpv4Unreachable::kNetwork);
        switch (trouble) {
            case Trouble::kNoRoute:
            case Trouble::kScope:
                break;
            case Trouble::kUnreachable:
                code = std::uint8_t(Icmpv4Unreachable::kHost);
                break;
            case Trouble::kProhibited:
                code = std::uint8_t(Icmpv4Unreachable::kCommunicationProhibited);
                break;
            case Trouble::kHopLimit:
                type = Icmpv4Type::kTimeExceeded;
                code = 0;
                break;
            case Trouble::kTooBig:
                code = std::uint8_t(Icmpv4Unreachable::kFragmentationNeeded);
                break;
            case Trouble::kSourceRoute:
                code = 5;  // source route failed
                break;
        }
        return stack_.icmp().send_error(now, type, code, about, value);
    }
    auto type = Icmpv6Type::kUnreachable;
    auto code = Icmpv6Unreachable::kNoRoute;
    switch (trouble) {
        case Trouble::kNoRoute:
        case Trouble::kSourceRoute:
            break;
        case Trouble::kScope:
            code = Icmpv6Unreachable::kBeyondScope;
            break;
        case Trouble::kUnreachable:
            code = Icmpv6Unreachable::kAddress;
            break;
        case Trouble::kProhibited:
            code = Icmpv6Unreachable::kProhibited;
            break;
        case Trouble::kHopLimit:
            type = Icmpv6Type::kTimeExceeded;
            break;
        case Trouble::kTooBig:
            type = Icmpv6Type::kPacketTooBig;
            break;
    }
    // Code 0 is also that of the two other types.
    stack_.icmp_v6().send_error(now, type, type == Icmpv6Type::kUnreachable ? std::uint8_t(code) : 0, value,
                                about);
}

// RFC 1812, section 5.2.7.2; RFC 4861, section 8.2: the sender is on the same link as the next hop, and would
// do better to send there itself.
void Router::redirect(const Errand& errand, const packet::Packet& packet, const route::Way& way) {
    const IpAddress source = packet.source();
    const FibResult back = routes_.find(FibKey::of(source), packet.is_v4());
    const auto neighbor = routes_.way(back, source, 0);
    if (!neighbor || neighbor->interface != errand.in || neighbor->next_hop != source) return;
    if (!redirects_.take(errand.now)) return;
    ++ports_[errand.in].counters.redirects;
    if (!packet.is_v4()) return redirect_v6(errand, packet, way);
    net::ip::Received about;
    about.datagram = packet.network();
    about.source = source;
    about.destination = ports_[errand.in].interface->address();
    constexpr std::uint8_t kForHost = 1;
    stack_.icmp().send_error(errand.now, Icmpv4Type::kRedirect, kForHost, about, way.next_hop.to_v4());
}

// The next hop of a packet in transit does not answer.
bool Router::unresolved(Instant now, Bytes packet) {
    const unsigned version = packet.empty() ? 0 : std::to_integer<unsigned>(packet[0]) >> 4;
    IpAddress source;
    if (version == 4 && packet.size() >= 20) {
        source = IpAddress::v4(std::uint32_t{net::wire::load<NetU32>(packet.subspan(12))});
    } else if (version == 6 && packet.size() >= 40) {
        source = IpAddress::v6(net::wire::load<std::array<std::uint8_t, 16>>(packet.subspan(8)));
    } else {
        return false;
    }
    const FibResult back = routes_.find(FibKey::of(source), version == 4);
    if (source.is_link_local() || routes_.kind(back) == WayKind::kLocal || stack_.ip().is_own(source))
        return false;
    const auto way = routes_.way(back, source, 0);
    if (way && way->interface < ports_.size()) drop(way->interface, Drop::kUnresolved);
    tell(now, Trouble::kUnreachable, packet);
    return true;
}

}  // namespace holm::route
