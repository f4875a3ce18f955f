// Super-frames and checksums through a router, and devices that can do less than others, or nothing for a
// while.

#include "tests/unit/services/route/router_packets.h"

using namespace holm;
using namespace holm::test;
using packet::Packet;
using Lab = RouterLab;

TEST_CASE("a super-frame passes whole where what it carries fits, with its header") {
    const net::DeviceCapabilities able{.mtu = 1500, .checksum = true, .tcp4_segmentation = true};
    Lab lab({.device = able});
    lab.send(0, to_other());  // resolves the neighbour, for whom no large frame would be kept
    lab.received(1);
    const Octets octets =
        frame(Lab::host(0), Lab::host(1), packet::kTcp,
              tcp({.source_port = 1, .destination_port = 2, .flags = 0x18, .payload = 20'000}));
    net::Offload offload;
    offload.needs_checksum = true;
    offload.checksum_start = 34;
    offload.checksum_offset = 16;
    offload.segmentation = net::Segmentation::kTcp4;
    offload.segment_size = 1448;
    lab.send(0, octets, offload);
    auto sent = lab.received(1);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].octets.size() == octets.size());
    CHECK(sent[0].offload.segmentation == net::Segmentation::kTcp4);
    CHECK(sent[0].offload.segment_size == 1448);
    CHECK(sent[0].offload.header_length == 54);
    CHECK(sent[0].offload.checksum_start == 34);

    // A narrower link, and a device that does not cut: the router does.
    lab.interfaces[1]->limit_mtu(1400);
    lab.send(0, octets, offload);
    sent = lab.received(1);
    CHECK(sent.size() == 27);  // fragments, since they may be cut; the last of 14 segments fits
    for (const auto& piece : sent) CHECK(piece.packet->network().size() <= 1400);
    Octets whole = octets;
    whole[14 + 6] = std::byte{0x40};
    net::wire::Ipv4Header header = *net::wire::Ipv4Header::parse_quoted(Bytes(whole).subspan(14));
    header.emit(MutableBytes(whole).subspan(14));
    lab.send(0, whole, offload);
    const Told answer = told(lab);
    CHECK(answer.code == 4);
    CHECK(answer.mtu == 1400);
}

TEST_CASE("a super-frame of UDP leaves whole, or in datagrams if the device does not cut it") {
    Lab cutting({.device = {.mtu = 1500, .checksum = true, .udp_segmentation = true}});
    Lab lab({.device = {.mtu = 1500, .checksum = true}});
    net::Offload offload;
    offload.needs_checksum = true;
    offload.checksum_start = 34;
    offload.checksum_offset = 6;
    offload.segmentation = net::Segmentation::kUdpSegments;
    offload.segment_size = 1000;
    lab.send(0, to_other());
    lab.received(1);
    lab.send(0, to_other(64, 10'000), offload);
    const auto in_datagrams = [](const std::deque<Lab::Sent>& sent) {
        REQUIRE(sent.size() == 10);
        for (const auto& piece : sent) {
            CHECK(piece.packet->transport().size() == 1008);
            CHECK(checksums_are_right(*piece.packet));
        }
    };
    in_datagrams(lab.received(1));

    // It is the first of its flow: it waits until the neighbour has said where it is.
    cutting.send(0, to_other(64, 10'000), offload);
    auto sent = cutting.received(1);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].packet->transport().size() == 10'008);
    CHECK(sent[0].offload.segmentation == net::Segmentation::kUdpSegments);
    CHECK(sent[0].offload.segment_size == 1000);
    CHECK(sent[0].offload.header_length == 42);
    CHECK(sent[0].offload.needs_checksum);
    // With finished checksums, which such devices do not take.
    offload.needs_checksum = false;
    Octets summed = to_other(64, 10'000);
    cutting.send(0, summed, offload);
    in_datagrams(cutting.received(1));
    // A narrower way.
    cutting.interfaces[1]->limit_mtu(600);
    offload.needs_checksum = true;
    cutting.send(0, to_other(64, 10'000), offload);
    CHECK(cutting.received(1).size() == 20);
}

TEST_CASE("a device that cannot cut super-frames gets segments") {
    Lab lab({});
    Octets octets = frame(
        Lab::host(0), Lab::host(1), packet::kTcp,
        tcp({.source_port = 1, .destination_port = 2, .flags = 0x19, .sequence = 1000, .payload = 5000}));
    net::Offload offload;
    offload.segmentation = net::Segmentation::kTcp4;
    offload.segment_size = 1448;
    lab.send(0, octets, offload);
    const auto sent = lab.received(1);
    REQUIRE(sent.size() == 4);
    std::uint32_t sequence = 1000;
    for (const auto& piece : sent) {
        const Packet& packet = *piece.packet;
        CHECK(checksums_are_right(packet));
        CHECK(packet.hop_limit() == 63);
        const Bytes transport = packet.transport();
        CHECK(std::uint32_t{net::wire::load<NetU32>(transport.subspan(4))} == sequence);
        sequence += std::uint32_t(transport.size() - 20);
        CHECK(packet.tcp_flags() == (&piece == &sent.back() ? 0x19 : 0x10));
    }
    CHECK(sequence == 6000);
}

TEST_CASE("a device without checksums gets finished packets") {
    Lab lab({});
    Octets octets = to_other();
    // As a device asks for it: the sum of the pseudo header in the field.
    const std::uint16_t sum =
        net::ip::pseudo_header(Lab::host(0), Lab::host(1), net::ip::Protocol::kUdp, 12).sum();
    put16(octets, 34 + 6, sum);
    net::Offload offload;
    offload.needs_checksum = true;
    offload.checksum_start = 34;
    offload.checksum_offset = 6;
    lab.send(0, octets, offload);
    const auto sent = lab.received(1);
    REQUIRE(sent.size() == 1);
    CHECK_FALSE(sent[0].offload.needs_checksum);
    CHECK(checksums_are_right(*sent[0].packet));
}

TEST_CASE("a full device keeps frames back in a queue, and drops beyond it") {
    Lab lab({});
    lab.send(0, to_other());
    lab.received(1);
    lab.devices[1]->room = 0;
    for (int i = 0; i < 20; ++i) lab.send(0, to_other());
    CHECK(lab.received(1).empty());
    lab.devices[1]->room = 1000;
    lab.wait(Duration::milliseconds(1));
    CHECK(lab.received(1).size() == 20);
}
