// Packets of the machine's own: what the stack sends, and what hooks want sent. They pass the hooks whole.

#include <algorithm>
#include <cstring>
#include <new>

#include "base/network_order.h"
#include "net/wire/ethernet.h"
#include "net/wire/layout.h"
#include "services/route/router.h"

namespace holm::route {

using net::IpAddress;
using packet::Packet;
using packet::Verdict;

namespace {

constexpr std::size_t kEthernet = net::wire::EthernetHeader::kSize;

}  // namespace

// Sends the pieces of a packet to a group: nobody is asked for an address.
class Router::GroupPieces final : public PieceSink {
  public:
    GroupPieces(net::Interface& out, const IpAddress& group) : out_(out), group_(group) {}
    void piece(MutableBytes memory, std::size_t size) override { send(memory.last(kEthernet + size), {}); }
    void send(MutableBytes frame, const net::Offload& offload) {
        const Bytes whole = frame;
        out_.send_to_group(net::wire::group_mac(group_),
                           group_.is_v4() ? net::wire::kEtherTypeIpv4 : net::wire::kEtherTypeIpv6, frame,
                           {&whole, 1}, offload, net::link::Urgency::kDeferred);
    }

  private:
    net::Interface& out_;
    IpAddress group_;
};

std::optional<net::Forwarder::Way> Router::way_to(const IpAddress& destination) const {
    const FibResult result = routes_.find(FibKey::of(destination), destination.is_v4());
    const auto way = routes_.way(result, destination, 0);
    if (!way || way->interface >= ports_.size() || !ports_[way->interface].interface) return std::nullopt;
    if (way->kind != WayKind::kForward && way->kind != WayKind::kBroadcast) return std::nullopt;
    return Forwarder::Way{ports_[way->interface].interface, way->next_hop};
}

std::optional<net::TransmitResult> Router::output(Instant now, net::Interface& interface,
                                                  const IpAddress& next_hop, MutableBytes headers,
                                                  std::span<const Bytes> pieces, const net::Offload& offload,
                                                  std::size_t most) {
    if (!looks_at_output(interface) || headers.size() <= kEthernet) return std::nullopt;
    if (interface.blocked()) return net::TransmitResult::kFull;
    return send_own(now, port_of(interface), next_hop, {pieces, offload, {}, most});
}

bool Router::looks_at_output(const net::Interface& interface) const {
    return hooks_ && port_of(interface) != kNoInterface;
}

// A packet of this machine's own: put together in one piece, so that hooks can look at it.
net::TransmitResult Router::send_own(Instant now, std::uint8_t out, const IpAddress& next_hop,
                                     const OwnPacket& own) {
    constexpr auto kDone = net::TransmitResult::kSent;  // or lost, as networks may lose
    std::size_t size = 0;
    for (const Bytes piece : own.pieces) size += piece.size();
    if (!outward_) outward_.reset(new (std::nothrow) std::byte[Cutter::kRoom]);
    if (!outward_ || size > Cutter::kRoom - Cutter::kHeadroom) return kDone;
    const Place place{MutableBytes(outward_.get(), Cutter::kHeadroom + size), nullptr};
    const MutableBytes frame = place.memory.subspan(Cutter::kHeadroom);
    auto to = frame.begin();
    for (const Bytes piece : own.pieces) to = std::ranges::copy(piece, to).out;

    net::Offload offload = own.offload;
    offload.payload_stays = false;
    auto packet = Packet::parse(frame, offload);
    if (!packet) return kDone;
    packet->note = own.note;
    packet->largest_fragment = std::uint16_t(std::min<std::size_t>(own.most, 65'535));
    packet->out_interface = std::uint16_t(out + 1);
    const IpAddress destination = packet->destination();
    if (hooks_ && hooks_->output(now, *packet) != Verdict::kAccept) return kDone;
    IpAddress hop = next_hop;
    if (packet->destination() != destination) {
        bool chosen = false;
        const auto way = way_of(*packet, chosen);
        if (!way || way->kind != WayKind::kForward || way->interface >= ports_.size() ||
            !ports_[way->interface].interface)
            return kDone;
        hop = way->next_hop;
        out = way->interface;
        packet->out_interface = std::uint16_t(out + 1);
    }
    if (hooks_ && hooks_->postrouting(now, *packet) != Verdict::kAccept) return kDone;
    if (hop.is_multicast() || hop.is_limited_broadcast() || ports_[out].interface->is_broadcast(hop))
        emit_to_group(out, hop, *packet);
    else
        emit(now, out, hop, *packet, place);
    return kDone;
}

// Packets of this machine's own only: the router forwards nothing to groups.
void Router::emit_to_group(std::uint8_t out, const IpAddress& group, Packet& packet) {
    GroupPieces pieces(*ports_[out].interface, group);
    const std::size_t size = packet.network().size();
    if (packet.largest_fragment != 0 && size > packet.largest_fragment)
        cutter_.fragment(packet.network(), packet.largest_fragment, std::uint32_t(random_.next()), pieces);
    else
        pieces.send(packet.frame().first(packet.network_offset() + size), packet.offload());
}

// What hooks wanted sent, by way of the output and postrouting hooks.
void Router::run_injected(Instant now) {
    for (std::size_t count = injected_.count(); count > 0; --count) {
        const MutableBytes record = injected_.front();
        packet::FlowNote note;
        std::memcpy(&note, record.data(), sizeof(note));
        const Bytes packet = record.subspan(sizeof(note));
        const unsigned version = packet.empty() ? 0 : std::to_integer<unsigned>(packet[0]) >> 4;
        std::optional<Forwarder::Way> way;
        if (version == 4 && packet.size() >= 20)
            way = way_to(IpAddress::v4(std::uint32_t{net::wire::load<NetU32>(packet.subspan(16))}));
        else if (version == 6 && packet.size() >= 40)
            way = way_to(IpAddress::v6(net::wire::load<std::array<std::uint8_t, 16>>(packet.subspan(24))));
        if (way) {
            constexpr std::byte kLinkHeader[kEthernet] = {};
            const Bytes pieces[] = {kLinkHeader, packet};
            send_own(now, port_of(*way->interface), way->next_hop, {pieces, {}, note});
        }
        injected_.pop();
    }
}

void Router::send(Instant, Bytes ip_packet, const packet::FlowNote& note) {
    const MutableBytes record = injected_.push(sizeof(note) + ip_packet.size());
    if (record.empty()) return;
    std::memcpy(record.data(), &note, sizeof(note));
    std::ranges::copy(ip_packet, record.begin() + sizeof(note));
}

IpAddress Router::address_of(std::uint16_t interface, packet::Family family) const {
    const bool v4 = family == packet::Family::kIpv4;
    const net::Interface* const own =
        interface >= 1 && interface <= ports_.size() ? ports_[interface - 1].interface : nullptr;
    if (!own) return v4 ? IpAddress::any_v4() : IpAddress();
    if (v4) return own->address();
    for (const net::ndp::Address& address : own->ipv6().addresses())
        if (address.usable() && !address.address.is_link_local()) return address.address;
    return own->ipv6().link_local();
}

}  // namespace holm::route
