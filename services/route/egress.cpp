// The way out: whether a packet fits, and what is done to it if not.

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

bool device_cuts(const net::DeviceCapabilities& device, const net::Offload& offload) {
    switch (offload.segmentation) {
        case net::Segmentation::kNone:
            return true;
        case net::Segmentation::kTcp4:
            return device.tcp4_segmentation;
        case net::Segmentation::kTcp6:
            return device.tcp6_segmentation;
        case net::Segmentation::kUdpSegments:
            // Linux cuts none whose checksum is not left to it.
            return device.udp_segmentation && offload.needs_checksum;
        case net::Segmentation::kUdp:
            break;
    }
    return false;
}

bool is_super(const net::Offload& offload) {
    return offload.segmentation != net::Segmentation::kNone &&
           offload.segmentation != net::Segmentation::kUdp;
}

}  // namespace

// Sends the pieces of a packet, one after the other.
class Router::Pieces final : public PieceSink {
  public:
    Pieces(Instant now, net::Interface& out, const IpAddress& next_hop)
        : now_(now), out_(out), next_hop_(next_hop) {}
    void piece(MutableBytes memory, std::size_t size) override {
        out_.forward(now_, next_hop_, memory, size, {}, nullptr);
    }

  private:
    Instant now_;
    net::Interface& out_;
    const IpAddress& next_hop_;
};

bool Router::holds(const Place& place, const Packet& packet) {
    const std::byte* const at = packet.frame().data();
    return at >= place.memory.data() && at < place.memory.data() + place.memory.size();
}

bool Router::may_fragment(const Packet& packet) {
    if (packet.largest_fragment != 0) return true;
    constexpr std::byte kDontFragment{0x40};
    return packet.is_v4() && (packet.network()[6] & kDontFragment) == std::byte{0};
}

bool Router::fits(const Packet& packet, std::size_t mtu) {
    if (!is_super(packet.offload())) return packet.network().size() <= mtu;
    const std::size_t headers = segment_headers(packet);
    return headers != 0 && headers + packet.offload().segment_size <= mtu;
}

std::uint32_t Router::flow_of(const Packet& packet) const {
    struct {
        std::array<std::uint8_t, 16> source, destination;
        std::uint16_t source_port = 0, destination_port = 0;
        std::uint32_t protocol = 0;
    } flow{packet.source().bytes(), packet.destination().bytes(), 0, 0, packet.protocol()};
    // Ports are in the first fragment only, and all of them shall go the same way.
    if (packet.has_ports() && !packet.is_fragment()) {
        flow.source_port = packet.source_port();
        flow.destination_port = packet.destination_port();
    }
    return std::uint32_t(siphash(key_, std::as_bytes(std::span(&flow, 1))));
}

std::optional<route::Way> Router::way_of(const Packet& packet, bool& chosen) const {
    const IpAddress destination = packet.destination();
    const FibResult result = routes_.find(FibKey::of(destination), packet.is_v4());
    chosen = routes_.has_choice(result);
    return routes_.way(result, destination, chosen ? flow_of(packet) : 0);
}

void Router::emit(Instant now, std::uint8_t out, const IpAddress& next_hop, Packet& packet,
                  const Place& place) {
    net::Interface& interface = *ports_[out].interface;
    const net::DeviceCapabilities& device = interface.capabilities();
    const std::size_t mtu = mtu_of(interface, packet.is_v4());
    const std::size_t size = packet.network().size();
    net::Offload offload = packet.offload();
    const bool super = is_super(offload);

    const bool whole = packet.largest_fragment == 0 && fits(packet, mtu) && device_cuts(device, offload) &&
                       (device.checksum || !offload.needs_checksum);
    if (!whole) {
        Pieces pieces(now, interface, next_hop);
        if (super) {
            cutter_.segment(packet, mtu, std::uint32_t(random_.next()), pieces);
            return;
        }
        finish_checksum(packet);
        offload = {};
        const std::size_t most =
            packet.largest_fragment != 0 ? std::min<std::size_t>(mtu, packet.largest_fragment) : mtu;
        if (size > most) {
            cutter_.fragment(packet.network(), most, std::uint32_t(random_.next()), pieces);
            return;
        }
    }
    // A link header of 14 bytes right in front, whatever there was.
    const std::size_t shift = packet.network_offset() - kEthernet;
    if (offload.needs_checksum) offload.checksum_start = std::uint16_t(offload.checksum_start - shift);
    if (super) offload.header_length = std::uint16_t(kEthernet + segment_headers(packet));
    const std::byte* const end = packet.network().data() + size;
    MutableBytes memory = packet.frame().first(packet.network_offset() + size);
    net::BufferOwner* owner = nullptr;
    if (holds(place, packet)) {
        memory = place.memory.first(std::size_t(end - place.memory.data()));
        owner = place.owner;
    }
    interface.forward(now, next_hop, memory, size, offload, owner);
}

}  // namespace holm::route
