#include "net/dhcp/binding_v6.h"

#include <utility>

#include "net/dhcp/datagram.h"

namespace holm::net::dhcp {

namespace {

// All_DHCP_Relay_Agents_and_Servers (RFC 8415, section 7.1).
constexpr IpAddress kServers = IpAddress::v6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2});

}  // namespace

bool BindingV6::receive(Instant now, const ip::Received& received, Bytes datagram, Counters& counters) {
    const auto arrival = open_datagram(wire::kDhcpv6ClientPort, received, datagram, counters);
    if (!arrival) return false;
    if (!arrival->message) return true;
    // From the link, and to us alone (section 16.1).
    if (!received.source.is_link_local() || received.to_group || !arrival->has_checksum)
        counters.count(Drop::kBadSource);
    else if (!client_.receive(now, *arrival->message))
        counters.count(Drop::kUnsolicited);
    return true;
}

Instant BindingV6::next_deadline() const {
    // Without an address of the link's nothing can be sent; when there is one the interface tells.
    return interface_.ipv6().link_local().is_unspecified() ? Instant::never() : client_.next_deadline();
}

bool BindingV6::transmit(Instant now, ip::Layer& ip) {
    for (const ndp::Address& own : interface_.ipv6().addresses()) {
        if (own.state != ndp::Address::State::kDuplicate || !is_applied(own.address)) continue;
        client_.decline(now, own.address);
        break;
    }
    if (!interface_.ipv6().link_local().is_unspecified())
        while (const auto message = client_.due(now)) send(now, ip, *message);
    if (std::exchange(changes_seen_, client_.changes()) == client_.changes()) return false;
    apply(now);
    return true;
}

void BindingV6::release(Instant now, ip::Layer& ip) {
    if (const auto message = client_.release()) send(now, ip, *message);
    changes_seen_ = client_.changes();
}

bool BindingV6::is_applied(const IpAddress& address) const {
    for (const IpAddress& own : applied_)
        if (own == address) return true;
    return false;
}

void BindingV6::apply(Instant now) {
    const auto& lease = client_.lease();
    for (IpAddress& old : applied_) {
        if (old.is_unspecified() || (lease && lease->has(old))) continue;
        interface_.remove_ipv6_address(now, old);
        old = {};
    }
    if (!lease) return;
    for (const LeaseV6::Address& each : lease->all()) {
        // Section 18.2.10.1: the address says nothing about what is on the link.
        if (!interface_.extend_ipv6_address(each.address, each.preferred_until, each.valid_until))
            interface_.add_ipv6_address(now, each.address, 128, ndp::Origin::kDhcp, each.preferred_until,
                                        each.valid_until);
        if (is_applied(each.address)) continue;
        for (IpAddress& place : applied_) {
            if (!place.is_unspecified()) continue;
            place = each.address;
            break;
        }
    }
}

void BindingV6::send(Instant now, ip::Layer& ip, const wire::Dhcpv6Request& out) {
    std::byte message[wire::Dhcpv6Request::kMaximumSize];
    send_datagram(now, ip,
                  {.source_port = wire::kDhcpv6ClientPort,
                   .destination_port = wire::kDhcpv6ServerPort,
                   .source = interface_.ipv6().link_local(),
                   .destination = kServers.with_zone(interface_.zone()),
                   .message = Bytes(message).first(out.emit(message)),
                   .ttl = 1,
                   .via = &interface_});
}

}  // namespace holm::net::dhcp
