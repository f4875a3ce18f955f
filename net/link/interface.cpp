#include "net/link/interface.h"

#include <algorithm>
#include <cstring>

#include "net/wire/ethernet.h"
#include "net/wire/igmp.h"

namespace holm::net::link {

Interface::Interface(LinkDevice& device, MacAddress mac, std::uint16_t mtu, bool loopback,
                     const SipHashKey& key, Counters& counters, std::uint8_t zone)
    : device_(device),
      counters_(counters),
      capabilities_(device.capabilities()),
      mac_(mac),
      mtu_(mtu != 0 ? std::min(mtu, capabilities_.mtu) : capabilities_.mtu),
      loopback_(loopback),
      random_(key),
      ipv6_(mac, zone, {key.low, ~key.high}, counters),
      listeners_(random_),
      listeners_v4_(random_) {
    // RFC 791: every IPv4 link carries 68 bytes. Below that, fragmenting would not even move 8 bytes a
    // packet.
    mtu_ = std::max<std::uint16_t>(mtu_, 68);
}

bool Interface::is_broadcast(const IpAddress& address) const {
    if (prefix_length_ == 0 || prefix_length_ > 30 || !address.is_v4()) return false;
    const std::uint32_t host_bits = ~std::uint32_t{0} >> prefix_length_;
    return address.to_v4() == (address_.to_v4() | host_bits);
}

void Interface::limit_mtu(std::uint16_t mtu) {
    if (mtu >= 576) mtu_ = std::min(mtu_, mtu);
}

void Interface::set_address(Instant now, IpAddress address, std::uint8_t prefix_length,
                            AddressPolicy policy) {
    address_ = address;
    prefix_length_ = prefix_length;
    rare_known_ = false;
    if (!loopback_) guard_.start(now, address, policy, random_);
}

void Interface::clear_address() {
    address_ = IpAddress::any_v4();
    prefix_length_ = 0;
    rare_known_ = false;
    guard_.stop();
    neighbors_.clear();
}

TransmitResult Interface::send(Instant now, IpAddress next_hop, MutableBytes headers,
                               std::span<const Bytes> pieces, const Offload& offload, Urgency urgency) {
    MacAddress destination;
    const bool v4 = next_hop.is_v4();
    if (!loopback_) {
        const auto known = v4 ? neighbors_.resolve(now, next_hop) : ipv6_.resolve(now, next_hop);
        if (!known) {
            if (!waiting_.keep(next_hop, pieces, offload)) counters_.count(Drop::kNeighborFull);
            return TransmitResult::kSent;
        }
        destination = *known;
    }
    wire::EthernetHeader{destination, mac_, v4 ? wire::kEtherTypeIpv4 : wire::kEtherTypeIpv6}.emit(headers);
    return emit(pieces, offload, urgency);
}

void Interface::confirm(Instant now, const IpAddress& neighbor) {
    if (loopback_) return;
    if (neighbor.is_v4())
        neighbors_.confirm(now, neighbor);
    else
        ipv6_.confirm(now, neighbor);
}

void Interface::forward(Instant now, const IpAddress& next_hop, MutableBytes memory, std::size_t packet_size,
                        const Offload& offload, BufferOwner* owner) {
    const MutableBytes frame = memory.last(wire::EthernetHeader::kSize + packet_size);
    const Bytes piece = frame;
    const bool v4 = next_hop.is_v4();
    const auto known = v4 ? neighbors_.resolve(now, next_hop) : ipv6_.resolve(now, next_hop);
    if (!known) {
        if (!waiting_.keep(next_hop, {&piece, 1}, offload)) counters_.count(Drop::kNeighborFull);
        return;
    }
    wire::EthernetHeader{*known, mac_, v4 ? wire::kEtherTypeIpv4 : wire::kEtherTypeIpv6}.emit(frame);
    if (gone_) return counters_.count(Drop::kDeviceGone);
    if (blocked_ || !queue_.empty()) return enqueue({&piece, 1}, offload);
    const TransmitResult result =
        device_.transmit({{&piece, 1}, offload, memory.first(memory.size() - frame.size()), owner});
    if (result == TransmitResult::kSent) {
        ++traffic_.frames_out;
        traffic_.bytes_out += frame.size();
    } else if (result == TransmitResult::kFull) {
        blocked_ = true;
        enqueue({&piece, 1}, offload);
    } else {
        gone_ = true;
    }
}

TransmitResult Interface::send_to_group(MacAddress group, std::uint16_t ether_type, MutableBytes headers,
                                        std::span<const Bytes> pieces, const Offload& offload,
                                        Urgency urgency) {
    wire::EthernetHeader{group, mac_, ether_type}.emit(headers);
    return emit(pieces, offload, urgency);
}

TransmitResult Interface::emit(std::span<const Bytes> pieces, const Offload& offload, Urgency urgency) {
    if (gone_) {
        counters_.count(Drop::kDeviceGone);
        return TransmitResult::kGone;
    }
    if (urgency == Urgency::kDeferred) {
        enqueue(pieces, offload);
        return TransmitResult::kSent;
    }
    if (blocked_) return TransmitResult::kFull;
    const TransmitResult result = device_.transmit({pieces, offload});
    if (result == TransmitResult::kSent) {
        ++traffic_.frames_out;
        for (const Bytes piece : pieces) traffic_.bytes_out += piece.size();
    } else if (result == TransmitResult::kFull) {
        blocked_ = true;
    } else {
        gone_ = true;
    }
    return result;
}

void Interface::enqueue(std::span<const Bytes> pieces, const Offload& offload) {
    std::size_t size = 0;
    for (const Bytes piece : pieces) size += piece.size();
    const MutableBytes record = queue_.push(sizeof(Offload) + size);
    if (record.empty()) return counters_.count(Drop::kOutputFull);
    std::memcpy(record.data(), &offload, sizeof(Offload));
    auto to = record.begin() + sizeof(Offload);
    for (const Bytes piece : pieces) to = std::copy(piece.begin(), piece.end(), to);
}

void Interface::flush() {
    blocked_ = false;
    while (!queue_.empty()) {
        const Bytes record = queue_.front();
        Offload offload;
        std::memcpy(&offload, record.data(), sizeof(Offload));
        offload.payload_stays = false;  // these bytes are the queue's
        const Bytes frame = record.subspan(sizeof(Offload));
        if (emit({&frame, 1}, offload, Urgency::kNow) == TransmitResult::kFull) return;
        queue_.pop();
    }
}

void Interface::send_arp(const wire::ArpMessage& message, MacAddress destination) {
    std::byte frame[wire::EthernetHeader::kSize + wire::ArpMessage::kSize];
    wire::EthernetHeader{destination, mac_, wire::kEtherTypeArp}.emit(frame);
    message.emit(MutableBytes(frame).subspan(wire::EthernetHeader::kSize));
    const Bytes piece(frame);
    enqueue({&piece, 1}, {});
}

void Interface::receive_arp(Instant now, Bytes payload) {
    const auto parsed = wire::ArpMessage::parse(payload);
    if (!parsed) return counters_.count(parsed.error());
    const wire::ArpMessage& message = *parsed;
    if (message.sender_mac == mac_) return;  // our own, reflected by the link
    if (message.sender_mac.is_multicast()) return counters_.count(Drop::kBadSource);
    rare_known_ = false;
    guard_.observe(now, message, mac_);

    const bool for_us = is_own(message.target);
    const bool is_reply = message.operation == wire::ArpMessage::Operation::kReply;
    const bool has_sender = !message.sender.is_unspecified() && !message.sender.is_multicast() &&
                            !message.sender.is_loopback() && !message.sender.is_limited_broadcast() &&
                            !is_own(message.sender) && !is_broadcast(message.sender);
    // RFC 826's merge: an entry that exists is updated by any message, a new one is made only by a request to
    // us.
    auto learned = NeighborCache::Learned::kUnknown;
    if (has_sender)
        learned = neighbors_.learn(now, message.sender, message.sender_mac, is_reply && for_us,
                                   !is_reply && for_us);
    if (learned == NeighborCache::Learned::kContested) counters_.count(Drop::kContested);
    if (learned == NeighborCache::Learned::kUnknown && is_reply) counters_.count(Drop::kUnsolicited);
    if (learned == NeighborCache::Learned::kReady) {
        waiting_.release(message.sender, [&](WaitingRoom::Frame frame) {
            wire::EthernetHeader{message.sender_mac, mac_, wire::kEtherTypeIpv4}.emit(frame.bytes);
            const Bytes piece = frame.bytes;
            enqueue({&piece, 1}, frame.offload);
        });
    }
    if (!for_us || is_reply) return;
    if (!replies_.take(now)) return counters_.count(Drop::kRateLimited);
    send_arp({wire::ArpMessage::Operation::kReply, mac_, address_, message.sender_mac, message.sender},
             message.sender_mac);
}

void Interface::receive_igmp(Instant now, const IpAddress& destination, std::uint8_t ttl, Bytes bytes) {
    if (ttl != 1) return counters_.count(Drop::kBadSource);  // RFC 3376, section 4: from the link
    const auto message = wire::IgmpMessage::parse(bytes);
    if (!message) return counters_.count(message.error());
    rare_known_ = false;
    if (message->kind == wire::IgmpMessage::Kind::kReport) listeners_v4_.heard_report(destination);
    if (message->kind == wire::IgmpMessage::Kind::kQuery)
        listeners_v4_.queried(now, message->group, message->most, message->older, message->sources);
}

void Interface::transmit_igmp(Instant now) {
    while (const auto report = listeners_v4_.due(now)) {
        if (loopback_) continue;
        const wire::IgmpReportPacket packet(address(), *report);
        std::byte ethernet[wire::EthernetHeader::kSize];
        wire::EthernetHeader{wire::group_mac(packet.destination), mac_, wire::kEtherTypeIpv4}.emit(ethernet);
        const Bytes pieces[] = {ethernet, Bytes(packet.bytes).first(packet.size)};
        enqueue(pieces, {});
    }
}

void Interface::transmit(Instant now, UnresolvedSink& sink) {
    if (now < next_deadline()) return flush();
    rare_known_ = false;
    if (now >= guard_.next_deadline())
        while (const auto message = guard_.due(now, mac_, random_))
            send_arp(*message, MacAddress::broadcast());
    if (now >= neighbors_.next_deadline()) {
        while (const auto request = neighbors_.due(now)) {
            send_arp({wire::ArpMessage::Operation::kRequest, mac_, address(), {}, request->target},
                     request->known.value_or(MacAddress::broadcast()));
        }
        while (const auto silent = neighbors_.failed(now)) {
            waiting_.release(*silent, [&](WaitingRoom::Frame frame) {
                counters_.count(Drop::kUnresolved);
                sink.unresolved(now, *silent, frame.bytes.subspan(wire::EthernetHeader::kSize));
            });
        }
    }
    transmit_ipv6(now, sink);
    if (now >= listeners_v4_.next_deadline()) transmit_igmp(now);
    flush();
}

void Interface::look_for_rare_deadline() const {
    rare_known_ = true;
    rare_deadline_ = std::min({guard_.next_deadline(), ipv6_.rare_deadline(), listeners_.next_deadline(),
                               listeners_v4_.next_deadline()});
}

}  // namespace holm::net::link
