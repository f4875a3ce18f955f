#include "net/dhcp/binding.h"

#include <utility>

#include "net/dhcp/datagram.h"

namespace holm::net::dhcp {

void Binding::start(Instant now) {
    interface_.set_configuring(true);
    client_.start(now);
}

bool Binding::receive(Instant now, const ip::Received& received, Bytes datagram, Counters& counters) {
    const auto arrival = open_datagram(wire::kDhcpClientPort, received, datagram, counters);
    if (!arrival) return false;
    if (!arrival->message) return true;
    if (arrival->source_port != wire::kDhcpServerPort || !client_.receive(now, *arrival->message))
        counters.count(Drop::kUnsolicited);
    return true;
}

bool Binding::transmit(Instant now, ip::Layer& ip) {
    // Section 4.4.1: an address that somebody else uses is given back.
    if (client_.lease() && interface_.address_state() == link::AddressGuard::State::kConflict)
        client_.decline(now);
    while (const auto out = client_.due(now)) send(now, ip, *out);
    return std::exchange(changes_seen_, client_.changes()) != client_.changes();
}

void Binding::release(Instant now, ip::Layer& ip) {
    if (const auto out = client_.release()) send(now, ip, *out);
    changes_seen_ = client_.changes();
}

void Binding::send(Instant now, ip::Layer& ip, const Client::Outgoing& out) {
    std::byte message[wire::DhcpRequest::kMaximumSize];
    out.message.emit(message);
    send_datagram(now, ip,
                  {.source_port = wire::kDhcpClientPort,
                   .destination_port = wire::kDhcpServerPort,
                   .source = out.message.current,
                   .destination = out.to.value_or(IpAddress::v4(0xffffffff)),
                   .message = message,
                   .via = out.to ? nullptr : &interface_});
}

}  // namespace holm::net::dhcp
