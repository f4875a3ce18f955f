#include "net/stack.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "net/wire/ethernet.h"

namespace holm::net {

namespace {

// Frames that loop back can cause more of them; after so many rounds the caller gets its turn, and comes back
// at once.
constexpr int kLoopbackRounds = 16;

}  // namespace

Stack::Stack(const Configuration& configuration)
    : secret_(std::bit_cast<std::array<SipHashKey, 2>>(configuration.secret)),
      ip_(derive_key(kIdentification), counters_, *this),
      icmp_(ip_, counters_, std::uint16_t(derive_key(kIcmpIdentifier).low)),
      icmp_v6_(ip_, counters_, std::uint16_t(derive_key(kIcmpIdentifier).high)),
      udp_(ip_, ip_, configuration.udp, derive_key(kUdpPorts), counters_),
      tcp_(with_secret(configuration.tcp), tcp::heap_memory(), ip_),
      loopback_(loopback_device_, MacAddress{}, 0, true, derive_key(kInterface), counters_) {
    loopback_.set_address(Instant(), IpAddress::v4(127, 0, 0, 1), 8, link::AddressPolicy::kAnnounce);
    ip_.attach(loopback_);
    tcp_.set_references(references_);
}

SipHashKey Stack::derive_key(std::uint64_t purpose) const {
    const Bytes message = std::as_bytes(std::span(&purpose, 1));
    return {siphash(secret_[0], message), siphash(secret_[1], message)};
}

tcp::Configuration Stack::with_secret(tcp::Configuration configuration) const {
    configuration.secret = std::bit_cast<std::array<std::byte, 32>>(
        std::array<SipHashKey, 2>{derive_key(kTcp), derive_key(kTcpMore)});
    return configuration;
}

Interface* Stack::vlan_of(const Interface& trunk, std::uint16_t id) const {
    for (std::size_t i = 0; i < vlan_ids_.size() && vlan_ids_[i] != 0; ++i)
        if (vlan_ids_[i] == id && vlans_[i]->trunk == &trunk) return vlans_[i]->interface;
    return nullptr;
}

void Stack::receive(Instant now, Interface& interface, std::span<const ReceivedFrame> frames) {
    for (const ReceivedFrame& frame : frames) take_in(now, interface, frame);
    udp_.answer(now);
}

void Stack::take_in(Instant now, Interface& physical, const ReceivedFrame& frame) {
    if (forwarder_ && forwarder_->receive(now, physical, frame)) return;
    const auto header = wire::EthernetHeader::parse(frame.bytes);
    if (!header) return counters_.count(header.error());
    Bytes payload = frame.bytes.subspan(wire::EthernetHeader::kSize);
    std::uint16_t type = header->type;
    Offload offload = frame.offload;
    Interface* interface = &physical;
    if (type == wire::kEtherTypeVlan) {
        const auto tag = wire::VlanTag::parse(payload);
        if (!tag) return counters_.count(tag.error());
        if (tag->id != 0) interface = vlan_of(physical, tag->id);
        if (!interface) return counters_.count(Drop::kNotForUs);
        payload = payload.subspan(wire::VlanTag::kSize);
        type = tag->type;
        if (offload.checksum_start >= wire::VlanTag::kSize) offload.checksum_start -= wire::VlanTag::kSize;
    }
    if (interface == &physical && physical.tagged_only()) return counters_.count(Drop::kNotForUs);
    interface->count_received(frame.bytes.size());
    const bool group = header->destination.is_multicast();
    if (!group && header->destination != interface->mac()) return counters_.count(Drop::kNotForUs);
    switch (type) {
        case wire::kEtherTypeIpv4:
            return ip_.receive(now, *interface, payload, offload, group, frame.owner);
        case wire::kEtherTypeIpv6:
            return ip_.receive_v6(now, *interface, payload, offload, group, frame.owner);
        case wire::kEtherTypeArp:
            if (!interface->is_loopback()) interface->receive_arp(now, payload);
            return;
        default:
            counters_.count(Drop::kUnknownEtherType);
    }
}

void Stack::deliver(Instant now, ip::Protocol protocol, const ip::Received& received, Bytes payload) {
    if (!received.destination.is_v4()) return deliver_v6(now, protocol, received, payload);
    using enum wire::Icmpv4Unreachable;
    switch (protocol) {
        case ip::Protocol::kIcmp:
            return icmp_.receive(now, received, payload, *this);
        case ip::Protocol::kUdp:
            for (const auto& binding : present(dhcp_))
                if (binding && &binding->interface() == received.interface &&
                    binding->receive(now, received, payload, counters_))
                    return;
            if (received.while_configuring) return counters_.count(Drop::kNotForUs);
            if (udp_.receive(now, received, payload) == udp::Layer::Verdict::kPortUnreachable)
                icmp_.send_error(now, wire::Icmpv4Type::kUnreachable, std::uint8_t(kPort), received);
            return;
        case ip::Protocol::kTcp:
            return tcp_.receive(now, received, payload);
        case ip::Protocol::kIgmp:
            return received.interface->receive_igmp(now, received.destination, received.ttl, payload);
        case ip::Protocol::kIcmpv6:
            break;  // not over IPv4
    }
    counters_.count(Drop::kUnknownProtocol);
    icmp_.send_error(now, wire::Icmpv4Type::kUnreachable, std::uint8_t(kProtocol), received);
}

void Stack::deliver_v6(Instant now, ip::Protocol protocol, const ip::Received& received, Bytes payload) {
    switch (protocol) {
        case ip::Protocol::kIcmpv6:
            return icmp_v6_.receive(now, received, payload, *this);
        case ip::Protocol::kUdp:
            for (const auto& binding : present(dhcp_v6_))
                if (binding && &binding->interface() == received.interface &&
                    binding->receive(now, received, payload, counters_))
                    return;
            if (udp_.receive(now, received, payload) == udp::Layer::Verdict::kPortUnreachable)
                icmp_v6_.send_error(now, wire::Icmpv6Type::kUnreachable,
                                    std::uint8_t(wire::Icmpv6Unreachable::kPort), 0, received);
            return;
        case ip::Protocol::kTcp:
            return tcp_.receive(now, received, payload);
        case ip::Protocol::kIcmp:
        case ip::Protocol::kIgmp:
            break;  // not over IPv6
    }
    counters_.count(Drop::kUnknownProtocol);
    icmp_v6_.send_error(now, wire::Icmpv6Type::kParameterProblem,
                        std::uint8_t(wire::Icmpv6Parameter::kUnrecognizedNextHeader),
                        received.protocol_position, received);
}

void Stack::refused(Instant now, const ip::Received& received, const wire::ExtensionProblem& problem) {
    auto code = wire::Icmpv6Parameter::kErroneousField;
    if (problem.answer == wire::ExtensionProblem::Answer::kUnrecognizedNextHeader)
        code = wire::Icmpv6Parameter::kUnrecognizedNextHeader;
    if (problem.answer == wire::ExtensionProblem::Answer::kUnrecognizedOption)
        code = wire::Icmpv6Parameter::kUnrecognizedOption;
    icmp_v6_.send_error(now, wire::Icmpv6Type::kParameterProblem, std::uint8_t(code), problem.pointer,
                        received, problem.answer_to_group);
}

bool Stack::report(Instant now, ip::Protocol protocol, const ip::ErrorReport& error) {
    bool believed = false;
    if (protocol == ip::Protocol::kUdp) believed = udp_.report(error);
    if (protocol == ip::Protocol::kTcp) believed = tcp_.report_error(now, error);
    if (believed && error.kind == ip::ErrorKind::kPacketTooBig)
        ip_.path_mtu().learn(now, error.destination, error.mtu);
    return believed;
}

void Stack::reassembly_failed(Instant now, const ip::Received& received) {
    constexpr std::uint8_t kReassemblyTimeExceeded = 1;
    if (!received.destination.is_v4())
        return icmp_v6_.send_error(now, wire::Icmpv6Type::kTimeExceeded, kReassemblyTimeExceeded, 0,
                                   received);
    icmp_.send_error(now, wire::Icmpv4Type::kTimeExceeded, kReassemblyTimeExceeded, received);
}

// What changes the stack itself, looked at in each round: leases, and what routers have told.
void Stack::run_configuration(Instant now) {
    for (const auto& binding : present(dhcp_))
        if (binding && binding->transmit(now, ip_)) take_lease(now, *binding);
    for (const auto& binding : present(dhcp_v6_))
        if (binding && binding->transmit(now, ip_) && address_observer_) address_observer_->notify();
}

void Stack::follow_routers(Instant now) {
    bool changed = false;
    for (std::size_t i = 0; i < ip_.interfaces().size(); ++i) {
        const std::uint32_t changes = ip_.interfaces()[i]->ipv6().changes();
        if (std::exchange(discovery_seen_[i], changes) == changes) continue;
        changed = true;
        follow_routers_on(now, i);
    }
    if (changed && address_observer_) address_observer_->notify();
}

void Stack::transmit(Instant now) {
    ip_.expire(now);
    if (forwarder_) forwarder_->transmit(now);
    run_configuration(now);
    follow_routers(now);
    for (int round = 0; round < kLoopbackRounds; ++round) {
        bool blocked = false;
        for (Interface* interface : ip_.interfaces()) {
            interface->transmit(now, ip_);
            blocked |= interface->blocked();
        }
        if (!blocked) udp_.resume();
        tcp_.transmit(now);
        // A segment to a neighbour that is not known yet has just made an ARP request due.
        for (Interface* interface : ip_.interfaces())
            if (interface->next_deadline() <= now) interface->transmit(now, ip_);
        follow_routers(now);
        if (!loopback_device_.has_frame()) return;
        // Frames that are looped back from now on belong to the next round.
        while (loopback_device_.has_frame()) {
            receive(now, loopback_, loopback_device_.front());
            loopback_device_.pop();
        }
    }
}

Instant Stack::next_deadline() const {
    if (loopback_device_.has_frame() || loopback_.has_queued()) return Instant();
    Instant next = std::min(tcp_.next_deadline(), ip_.next_deadline());
    if (forwarder_) next = std::min(next, forwarder_->next_deadline());
    for (const Interface* interface : ip_.interfaces()) next = std::min(next, interface->next_deadline());
    for (const auto& binding : present(dhcp_))
        if (binding) next = std::min(next, binding->client().next_deadline());
    for (const auto& binding : present(dhcp_v6_))
        if (binding) next = std::min(next, binding->next_deadline());
    return next;
}

}  // namespace holm::net
