// Hostile frames into a router of three devices, the first of which carries two VLANs. The input: a byte of
// options, then frames: a byte for the device, one for the kind of offload, two for the length, the bytes.
// What is too short for a frame is so many seconds in which nothing comes. Everything that the router sends
// must be a sound frame.

#include <cstdint>
#include <cstdlib>

#include "net/link/vlan_device.h"
#include "tests/support/router_lab.h"

using namespace holm;
using namespace holm::test;

namespace {

constexpr std::uint16_t kVlans[] = {30, 40};
constexpr std::size_t kEthernet = 14, kTagged = 18;

void add_vlan(route::TableParts& parts, std::uint16_t number) {
    route::InterfaceRecord record;
    record.name = {'v', char('0' + number / 10)};
    record.device = parts.interfaces[0].device;
    record.vlan = number;
    record.v4 = record.v6 = route::AddressSource::kStatic;
    record.reverse_path = route::ReversePath::kLoose;
    record.v4_address = RouterLab::own(number).to_v4();
    record.v4_length = 24;
    record.first_address = std::uint32_t(parts.addresses.size());
    record.address_count = 1;
    parts.addresses.push_back({route::StoredAddress::of(RouterLab::own_v6(number)), 64});
    parts.interfaces.push_back(record);
}

void add_services_and_ways(route::TableParts& parts) {
    using net::IpAddress;
    using route::WayKind;
    parts.interfaces[1].dhcp_server = parts.interfaces[1].advertisement = 0;
    route::DhcpServerRecord dhcp;
    dhcp.first = 0x0a000164;
    dhcp.last = 0x0a000168;
    dhcp.lease_seconds = 600;
    dhcp.router = RouterLab::own(1).to_v4();
    dhcp.dns[0] = RouterLab::host(1).to_v4();
    dhcp.host_count = 1;
    dhcp.domain = {'a', '.', 'b'};
    parts.dhcp_servers.push_back(dhcp);
    parts.dhcp_hosts.push_back({{{2, 7, 0, 0, 0, 1}}, 0, 0x0a000165});
    route::AdvertisementRecord advertisement;
    advertisement.interval_seconds = 30;
    advertisement.lifetime_seconds = 90;
    advertisement.prefix_count = 1;
    advertisement.dns[0] = route::StoredAddress::of(RouterLab::host_v6(1));
    parts.advertisements.push_back(advertisement);
    parts.advertised_prefixes.push_back(
        {route::StoredAddress::of(RouterLab::host_v6(1, 0)), 600, 300, 64, 1, 0});
    for (const std::uint16_t number : kVlans) add_vlan(parts, number);
    const auto add = [&parts](const IpAddress& prefix, std::uint8_t length, WayKind kind,
                              const route::TableParts::Hop& hop) {
        parts.routes.push_back({prefix, length, kind, hop});
    };
    // Several equal ways, one of them by a VLAN; ways that refuse.
    add(IpAddress::any_v4(), 0, WayKind::kForward, {2, true, RouterLab::host(2)});
    add(IpAddress::any_v4(), 0, WayKind::kForward, {3, true, RouterLab::host(kVlans[0])});
    add(IpAddress(), 0, WayKind::kForward, {2, true, RouterLab::host_v6(2)});
    add(IpAddress(), 0, WayKind::kForward, {1, true, RouterLab::host_v6(1)});
    add(IpAddress::v4(192, 0, 2, 0), 24, WayKind::kBlackhole, {});
    add(IpAddress::v4(198, 51, 100, 0), 24, WayKind::kUnreachable, {});
    add(IpAddress::v4(203, 0, 113, 0), 24, WayKind::kProhibited, {});
}

// The addresses of the last device come from others, and so do ways.
void depend_on_others(route::TableParts& parts) {
    add_services_and_ways(parts);
    route::InterfaceRecord& record = parts.interfaces[2];
    record.v4 = record.v6 = route::AddressSource::kAutomatic;
    record.v4_address = record.v4_length = 0;
    record.address_count = 0;
}

// A filter that lets everything pass, and does with some ports what filters may do.
class Onlooker final : public packet::Hooks {
  public:
    explicit Onlooker(packet::HookHost& host) : host_(host) {}

    packet::Verdict prerouting(Instant, packet::Packet& packet) override {
        if (goes_to(packet, 1)) return packet::Verdict::kDrop;
        // As if it had been put together from fragments.
        if (goes_to(packet, 2)) packet.largest_fragment = 600;
        if (goes_to(packet, 3)) packet.set_destination(elsewhere(packet));
        return packet::Verdict::kAccept;
    }
    packet::Verdict input(Instant, packet::Packet& packet) override { return say(packet, 4); }
    packet::Verdict forward(Instant, packet::Packet& packet) override { return say(packet, 5); }
    packet::Verdict output(Instant, packet::Packet& packet) override {
        if (goes_to(packet, 5)) packet.set_destination(elsewhere(packet));
        return goes_to(packet, 6) ? packet::Verdict::kDrop : packet::Verdict::kAccept;
    }
    packet::Verdict postrouting(Instant, packet::Packet& packet) override { return say(packet, 7); }
    Instant next_deadline() const override { return Instant::never(); }
    void expire(Instant) override {}

  private:
    static bool goes_to(const packet::Packet& packet, std::uint16_t port) {
        return packet.has_ports() && packet.destination_port() == port;
    }
    static net::IpAddress elsewhere(const packet::Packet& packet) {
        return packet.is_v4() ? RouterLab::host(1, 77) : RouterLab::host_v6(1, 77);
    }
    // The packet itself, once more, as one of the router's own.
    packet::Verdict say(const packet::Packet& packet, std::uint16_t port) {
        if (!goes_to(packet, port)) return packet::Verdict::kAccept;
        if (said_++ < 4) host_.send(Instant(), packet.network(), packet.note);
        return packet::Verdict::kDrop;
    }

    packet::HookHost& host_;
    int said_ = 0;
};

net::Offload offload_of(std::uint8_t kind, std::size_t size) {
    net::Offload offload;
    constexpr net::Segmentation kKinds[] = {net::Segmentation::kNone, net::Segmentation::kTcp4,
                                            net::Segmentation::kTcp6, net::Segmentation::kUdpSegments,
                                            net::Segmentation::kUdp};
    offload.segmentation = kKinds[kind % 5];
    if (offload.segmentation != net::Segmentation::kNone) offload.segment_size = std::uint16_t(1 + kind * 7);
    // As parse_virtio_net() lets it through: inside the frame.
    offload.checksum_start = kind & 16 ? 34 : 54;
    offload.checksum_offset = kind & 32 ? 16 : 6;
    offload.needs_checksum = (kind & 8) != 0 && offload.checksum_start + offload.checksum_offset + 2u <= size;
    if (!offload.needs_checksum) offload.checksum_start = offload.checksum_offset = 0;
    return offload;
}

RouterLab::Options options_of(std::uint8_t byte) {
    constexpr route::ReversePath kChecks[] = {route::ReversePath::kOff, route::ReversePath::kStrict,
                                              route::ReversePath::kLoose, route::ReversePath::kStrict};
    const bool offloads = (byte & 1) != 0;
    return {.device = {.mtu = 1500,
                       .checksum = offloads,
                       .tcp4_segmentation = offloads,
                       .tcp6_segmentation = offloads,
                       .udp_segmentation = offloads},
            .reverse_path = kChecks[byte >> 1 & 3],
            .change = (byte & 128) != 0 ? depend_on_others : add_services_and_ways,
            .writable = (byte & 8) != 0};
}

// A neighbour of each VLAN that is known: who asks is.
void introduce(RouterLab& lab, std::size_t index, std::uint16_t number) {
    const auto made = lab.stack.add_vlan(lab.now, *lab.interfaces[0], number, {});
    if (!made || !lab.router->attach(lab.now, index, **made)) std::abort();
    const net::MacAddress mac = RouterLab::neighbor_mac(RouterLab::host(number));
    const auto request = net::testing::arp_message({net::wire::ArpMessage::Operation::kRequest,
                                                    mac,
                                                    RouterLab::host(number),
                                                    {},
                                                    RouterLab::own(number)});
    auto frame =
        net::testing::ethernet_frame(net::MacAddress::broadcast(), mac, net::wire::kEtherTypeArp, request);
    const std::byte tag[] = {std::byte{0x81}, std::byte{0}, std::byte{0}, std::byte(number)};
    frame.insert(frame.begin() + 12, std::begin(tag), std::end(tag));
    lab.stack.receive(lab.now, *lab.interfaces[0], {frame, {}, nullptr});
    lab.stack.transmit(lab.now);
}

// Where the IP packet of a frame begins; 0: it holds none.
std::size_t network_of(Bytes octets) {
    const auto header = net::wire::EthernetHeader::parse(octets);
    if (!header) return 0;
    std::uint16_t type = header->type;
    std::size_t start = kEthernet;
    if (type == net::wire::kEtherTypeVlan) {
        const auto tag = net::wire::VlanTag::parse(octets.subspan(kEthernet));
        if (!tag) return 0;
        type = tag->type;
        start = kTagged;
    }
    return type == net::wire::kEtherTypeIpv4 || type == net::wire::kEtherTypeIpv6 ? start : 0;
}

// Checksums of IPv4 headers that fit let more through.
void correct(Octets& octets) {
    const std::size_t start = network_of(octets);
    if (start == 0 || octets.size() < start + 20) return;
    const std::size_t header =
        std::min((std::to_integer<std::size_t>(octets[start]) & 0xf) * 4, octets.size() - start);
    if (header < 20) return;
    put16(octets, start + 10, 0);
    put16(octets, start + 10, InternetChecksum().add(Bytes(octets).subspan(start, header)).value());
}

void judge(const RouterLab::Sent& sent) {
    const std::size_t start = network_of(sent.octets);
    if (sent.octets.size() > kTagged + 65'535) std::abort();
    if (start == 0) {
        // Of what has a tag ARP and neighbour discovery come by too.
        if (sent.octets[12] != std::byte{0x81}) std::abort();
        return;
    }
    Octets octets = sent.octets;
    if (!packet::Packet::parse(octets, sent.offload, start)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::uint8_t options = *data++;
    --size;
    RouterLab lab(options_of(options));
    for (std::size_t i = 0; i < std::size(kVlans); ++i) introduce(lab, 3 + i, kVlans[i]);
    lab.interfaces[0]->limit_mtu(1280);
    Onlooker onlooker(*lab.router);
    if ((options & 64) != 0) lab.router->set_hooks(&onlooker);
    if ((options & 16) != 0) lab.silent = {RouterLab::host(2), RouterLab::host_v6(2)};
    while (size >= 4) {
        const std::size_t interface = data[0] % 3;
        const std::uint8_t kind = data[1];
        const std::size_t said = std::size_t{data[2]} << 8 | data[3];
        const std::size_t length = std::min(said, size - 4);
        data += 4;
        size -= 4;
        Octets octets(length);
        for (std::size_t i = 0; i < length; ++i) octets[i] = std::byte(data[i]);
        data += length;
        size -= length;
        if (octets.size() < kEthernet) {
            lab.wait(Duration::seconds(std::int64_t(octets.size())));
        } else if ((kind & 64) != 0) {
            lab.broadcast(interface, octets);
        } else {
            if ((kind & 128) != 0) correct(octets);
            lab.send(interface, octets, offload_of(kind, octets.size()));
        }
        lab.wait(Duration::milliseconds(100));
        for (std::size_t i = 0; i < 3; ++i)
            for (const auto& sent : lab.received(i)) judge(sent);
    }
    lab.router->set_hooks(nullptr);
    // In order, or taken away.
    if ((options & 32) != 0) lab.stack.leave(lab.now);
    lab.router.reset();
    return 0;
}
