// VLANs of a trunk (IEEE 802.1Q).

#include <doctest/doctest.h>

#include "net/link/vlan_device.h"
#include "tests/support/fake_link.h"

using namespace holm;
using namespace holm::net;
using namespace holm::net::testing;

namespace {

constexpr IpAddress kInside = IpAddress::v4(10, 1, 0, 2);
constexpr Peer kNeighbor{{{2, 0, 0, 0, 0, 9}}, IpAddress::v4(10, 1, 0, 9)};

struct Trunk : Host {
    explicit Trunk(const DeviceCapabilities& capabilities = {}) : Host(capabilities) {
        InterfaceConfiguration configuration;
        configuration.address = kInside;
        configuration.prefix_length = 24;
        vlan = *stack.add_vlan(now, *interface, 7, configuration);
        stack.transmit(now);
        wait(link::AddressGuard::kAnnounceInterval);
        device.frames.clear();
        device.offloads.clear();
        receive(tagged(7, ethernet_frame(kMac, kNeighbor.mac, wire::kEtherTypeArp,
                                         arp_message({wire::ArpMessage::Operation::kRequest,
                                                      kNeighbor.mac,
                                                      kNeighbor.address,
                                                      {},
                                                      kInside}))));
    }
    static Frame tagged(std::uint16_t id, const Frame& frame) {
        Frame header(wire::EthernetHeader::kSize + wire::VlanTag::kSize);
        wire::store_vlan_header(frame, id, header);
        return header + Frame(frame.begin() + wire::EthernetHeader::kSize, frame.end());
    }
    // A frame that was sent, without its tag; the tag's number.
    Frame untagged(std::uint16_t& id) {
        const Frame frame = device.take();
        id = 0;
        const auto header = wire::EthernetHeader::parse(frame);
        if (!header || header->type != wire::kEtherTypeVlan) return frame;
        id = wire::VlanTag::parse(Bytes(frame).subspan(14))->id;
        Frame plain(frame.begin(), frame.begin() + 12);
        plain.insert(plain.end(), frame.begin() + 16, frame.end());
        return plain;
    }
    Frame ping(const IpAddress& source, const IpAddress& destination) {
        wire::Ipv4Header header;
        header.source = source;
        header.destination = destination;
        header.protocol = 1;
        return ethernet_frame(kMac, kNeighbor.mac, wire::kEtherTypeIpv4,
                              ipv4_packet(header, icmp_message({wire::Icmpv4Type::kEchoRequest, 0, 1, 1},
                                                               bytes_of("over the trunk"))));
    }
    Interface* vlan;
};

}  // namespace

TEST_CASE("what comes with a tag is for its VLAN, and is answered with the tag") {
    Trunk host;
    std::uint16_t id = 0;
    REQUIRE(sent_arp(host.untagged(id)));
    CHECK(id == 7);
    host.receive(Trunk::tagged(7, host.ping(kNeighbor.address, kInside)));
    const auto reply = sent_ip(host.untagged(id));
    REQUIRE(reply);
    CHECK(id == 7);
    CHECK(reply->ip.source == kInside);
    CHECK(reply->ethernet.destination == kNeighbor.mac);
    CHECK(host.vlan->traffic().frames_in == 2);
}

TEST_CASE("other tags are not for us; a tag of priority alone is as none") {
    Trunk host;
    host.device.take();
    host.receive(Trunk::tagged(8, host.ping(kNeighbor.address, kInside)));
    CHECK(host.device.frames.empty());
    CHECK(host.stack.counters()[Drop::kNotForUs] == 1);
    host.know(Host::kPeer);
    host.receive(Trunk::tagged(0, host.ping(Host::kPeer.address, Host::kAddress)));
    std::uint16_t id = 1;
    REQUIRE(sent_ip(host.untagged(id)));
    CHECK(id == 0);
    Frame cut = Trunk::tagged(7, host.ping(kNeighbor.address, kInside));
    cut.resize(17);
    host.receive(cut);
    CHECK(host.stack.counters()[Drop::kTruncated] == 1);
}

TEST_CASE("offloads count from behind the tag") {
    Trunk host({.mtu = 1500, .checksum = true, .tcp4_segmentation = true});
    host.device.take();
    const auto socket = *host.stack.udp().open();
    REQUIRE(socket->send_to(host.now, {kNeighbor.address, 9}, as_bytes("checksum")));
    host.device.take();
    CHECK(host.device.offload.checksum_start == 14 + 4 + 20);
    Offload received;
    received.needs_checksum = true;
    received.checksum_start = 14 + 4 + 20;
    received.checksum_offset = 6;
    const auto listener = *host.stack.udp().open();
    REQUIRE(listener->bind({kInside, 5}));
    wire::Ipv4Header header;
    header.source = kNeighbor.address;
    header.destination = kInside;
    header.protocol = 17;
    Frame datagram = udp_datagram({kNeighbor.address, 9}, {kInside, 5}, bytes_of("hello"));
    datagram[6] = datagram[7] = std::byte{1};  // the device vouches for it
    host.receive(Trunk::tagged(7, ethernet_frame(Host::kMac, kNeighbor.mac, wire::kEtherTypeIpv4,
                                                 ipv4_packet(header, datagram))),
                 received);
    CHECK(listener->front());
}

TEST_CASE("VLANs have numbers of their own, and none of their own VLANs") {
    Trunk host;
    const InterfaceConfiguration plain;
    CHECK(host.stack.add_vlan(host.now, *host.interface, 0, plain).error().code == ErrorCode::kInvalid);
    CHECK(host.stack.add_vlan(host.now, *host.interface, 4095, plain).error().code == ErrorCode::kInvalid);
    CHECK(host.stack.add_vlan(host.now, *host.interface, 7, plain).error().code == ErrorCode::kExists);
    CHECK(host.stack.add_vlan(host.now, *host.vlan, 8, plain).error().code == ErrorCode::kInvalid);
    CHECK(host.stack.add_vlan(host.now, *host.interface, 8, plain));
}

TEST_CASE("a trunk of VLANs alone hears nothing without a tag") {
    Trunk trunk;
    trunk.device.take();
    trunk.interface->set_tagged_only();
    const auto before = trunk.stack.counters()[Drop::kNotForUs];
    trunk.receive(trunk.ping(kNeighbor.address, kInside));
    trunk.stack.transmit(trunk.now);
    CHECK(trunk.device.frames.empty());
    CHECK(trunk.stack.counters()[Drop::kNotForUs] == before + 1);
    trunk.receive(Trunk::tagged(7, trunk.ping(kNeighbor.address, kInside)));
    trunk.stack.transmit(trunk.now);
    std::uint16_t id = 0;
    CHECK(sent_ip(trunk.untagged(id)));
    CHECK(id == 7);
}

TEST_CASE("a frame in transit that a full trunk does not take is as it was") {
    FakeDevice trunk;
    link::VlanDevice vlan(trunk, 7);
    Frame memory(32 + 60);
    for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = std::byte(i);
    const Frame before = memory;
    const auto transmit = [&] {
        const Bytes piece = Bytes(memory).subspan(32);
        return vlan.transmit({{&piece, 1}, {}, MutableBytes(memory).first(32)});
    };
    trunk.room = 0;
    CHECK(transmit() == TransmitResult::kFull);
    CHECK(std::equal(memory.begin() + 32, memory.end(), before.begin() + 32));
    trunk.room = 1;
    CHECK(transmit() == TransmitResult::kSent);
    CHECK(trunk.take() == Trunk::tagged(7, Frame(before.begin() + 32, before.end())));
}
