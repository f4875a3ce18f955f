// Packets in transit: what is seen of them, and that rewrites keep every checksum right.

#include "services/packet/packet.h"

#include <random>

#include <doctest/doctest.h>

#include "base/checksum.h"
#include "net/wire/ipv6_extensions.h"
#include "tests/support/packets.h"

using namespace holm;
using namespace holm::test;
using net::IpAddress;
using packet::Packet;

namespace {

constexpr IpAddress kA4 = IpAddress::v4(10, 0, 0, 1), kB4 = IpAddress::v4(192, 168, 255, 254);
constexpr IpAddress kA6 = IpAddress::v6({0x20, 1, 0xd, 0xb8, 1}),
                    kB6 = IpAddress::v6({0x20, 1, 0xd, 0xb8, 0xff, 0xfe});

Packet parsed(Octets& octets, const net::Offload& offload = {}) {
    auto packet = Packet::parse(octets, offload);
    REQUIRE(packet.has_value());
    return *packet;
}

bool header_is_right(const Packet& packet) {
    return !packet.is_v4() ||
           InternetChecksum{}
               .add(packet.network().first(packet.transport_offset() - packet.network_offset()))
               .is_correct();
}

net::Drop refusal(Octets octets) {
    const auto packet = Packet::parse(octets, {});
    return packet ? net::Drop::kCount : packet.error();
}

}  // namespace

TEST_CASE("a packet's parts") {
    Octets octets =
        frame(kA4, kB4, packet::kTcp, tcp({.source_port = 1234, .destination_port = 80, .flags = 2}), 7);
    octets.resize(octets.size() + 6);  // padding of a short Ethernet frame
    const Packet packet = parsed(octets);
    CHECK(packet.is_v4());
    CHECK(packet.source() == kA4);
    CHECK(packet.destination() == kB4);
    CHECK(packet.protocol() == packet::kTcp);
    CHECK(packet.has_ports());
    CHECK(packet.source_port() == 1234);
    CHECK(packet.destination_port() == 80);
    CHECK(packet.tcp_flags() == 2);
    CHECK(packet.hop_limit() == 7);
    CHECK(packet.network().size() == 40);
    CHECK_FALSE(packet.is_fragment());
    CHECK(packet.transport_checksum_ok());
}

TEST_CASE("what a router refuses") {
    const Octets good = frame(kA4, kB4, packet::kUdp, udp(1, 2));
    CHECK(refusal(good) == net::Drop::kCount);
    Octets bad = good;
    bad[14 + 10] ^= std::byte{1};
    CHECK(refusal(bad) == net::Drop::kBadChecksum);
    bad = good;
    bad[14] = std::byte{0x55};
    CHECK(refusal(bad) == net::Drop::kBadVersion);
    bad = good;
    bad[14] = std::byte{0x44};
    CHECK(refusal(bad) == net::Drop::kBadLength);
    bad = good;
    bad.pop_back();
    CHECK(refusal(bad) == net::Drop::kTruncated);
    CHECK(refusal(Octets(14)) == net::Drop::kTruncated);
    bad = frame(kA6, kB6, net::wire::kDestinationOptions, Octets(4));
    CHECK(refusal(bad) == net::Drop::kTruncated);
    bad = frame(kA6, kB6, packet::kUdp, udp(1, 2));
    std::fill_n(bad.begin() + 14 + 8, 10, std::byte{0});
    std::fill_n(bad.begin() + 14 + 18, 2, std::byte{0xff});
    CHECK(refusal(bad) == net::Drop::kBadSource);  // IPv4-mapped
    Octets chain;
    for (std::size_t i = 0; i <= Packet::kExtensionHeaders; ++i) {
        Octets header(8);
        header[0] = std::byte(net::wire::kDestinationOptions);
        append(chain, header);
    }
    CHECK(refusal(frame(kA6, kB6, net::wire::kDestinationOptions, chain)) == net::Drop::kBadOption);
}

TEST_CASE("a device is not asked to write where rules look") {
    Octets octets = frame(kA4, kB4, packet::kUdp, udp(53, 53, 100));
    const auto refused = [&](std::size_t start, std::size_t field) {
        net::Offload offload;
        offload.needs_checksum = true;
        offload.checksum_start = std::uint16_t(start);
        offload.checksum_offset = std::uint16_t(field - start);
        return !Packet::parse(octets, offload);
    };
    CHECK_FALSE(refused(34, 34 + 6));
    CHECK_FALSE(refused(34 + 8 + 20, 34 + 8 + 20 + 16));  // of a packet inside of this one
    CHECK(refused(0, 34 + 6));
    CHECK(refused(14, 14 + 16));  // the destination's address
    CHECK(refused(34, 34 + 2));   // its port
    CHECK(refused(34, 34 + 4));
    CHECK(refused(2, 4));
}

TEST_CASE("a fragment header does not hide another one") {
    Octets chain(16);
    net::wire::Ipv6Fragment{
        .next_header = net::wire::kFragment, .more = true, .offset = 0, .identification = 1}
        .emit(chain);
    net::wire::Ipv6Fragment{.next_header = packet::kUdp, .more = false, .offset = 0, .identification = 2}
        .emit(MutableBytes(chain).subspan(8));
    append(chain, udp(5, 6));
    CHECK(refusal(frame(kA6, kB6, net::wire::kFragment, chain)) == net::Drop::kBadOption);
}

TEST_CASE("IPv6 extension headers are walked to the transport") {
    Octets chain(8);
    chain[0] = std::byte(net::wire::kFragment);
    Octets fragment(8);
    net::wire::Ipv6Fragment{.next_header = packet::kUdp, .more = true, .offset = 0, .identification = 77}
        .emit(fragment);
    append(chain, fragment);
    append(chain, udp(5, 6));
    Octets octets = frame(kA6, kB6, net::wire::kHopByHop, chain);
    const Packet packet = parsed(octets);
    CHECK(packet.protocol() == packet::kUdp);
    CHECK(packet.has_ports());
    CHECK(packet.destination_port() == 6);
    CHECK(packet.is_fragment());
    CHECK(packet.fragment().identification == 77);
    CHECK(packet.fragment_header() == 14 + 40 + 8);

    Octets later = frame(kA6, kB6, net::wire::kFragment, [&] {
        Octets head(8);
        net::wire::Ipv6Fragment{.next_header = packet::kTcp, .more = false, .offset = 64, .identification = 1}
            .emit(head);
        append(head, Octets(40));
        return head;
    }());
    const Packet tail = parsed(later);
    CHECK(tail.protocol() == packet::kTcp);
    CHECK_FALSE(tail.has_transport());
}

TEST_CASE("rewrites keep checksums right") {
    std::mt19937 random(7);
    const auto v4 = [&] { return IpAddress::v4(std::uint32_t(random())); };
    const auto v6 = [&] {
        std::array<std::uint8_t, 16> raw;
        for (auto& octet : raw) octet = std::uint8_t(random());
        raw[0] = 0x20;
        return IpAddress::v6(raw);
    };
    for (int i = 0; i < 2000; ++i) {
        const bool is_v4 = random() % 2 == 0;
        const auto any = [&] { return is_v4 ? v4() : v6(); };
        const std::uint8_t protocol = std::array<std::uint8_t, 3>{
            packet::kTcp, packet::kUdp, is_v4 ? packet::kIcmp : packet::kIcmpv6}[random() % 3];
        Octets transport = protocol == packet::kTcp   ? tcp({.payload = random() % 9})
                           : protocol == packet::kUdp ? udp(1, 2, random() % 9)
                                                      : icmp(is_v4 ? 8 : 128, 0, 5, 6);
        Octets octets = frame(any(), any(), protocol, transport);
        Packet packet = parsed(octets);
        REQUIRE(packet.transport_checksum_ok());
        const IpAddress source = any(), destination = any();
        packet.set_source(source);
        packet.set_destination(destination);
        packet.decrement_hop_limit();
        if (packet.has_ports()) {
            packet.set_source_port(std::uint16_t(random()));
            packet.set_destination_port(4242);
            CHECK(packet.destination_port() == 4242);
        } else {
            packet.set_icmp_identifier(4242);
            CHECK(packet.icmp_identifier() == 4242);
        }
        CHECK(packet.source() == source);
        CHECK(packet.destination() == destination);
        CHECK(packet.hop_limit() == 63);
        CHECK(header_is_right(packet));
        CHECK(packet.transport_checksum_ok());
    }
}

TEST_CASE("an address and a port are rewritten at once as one after the other") {
    std::mt19937 random(11);
    for (int i = 0; i < 500; ++i) {
        const bool tcp_it_is = random() % 2 == 0;
        const Octets before = frame(kA4, kB4, tcp_it_is ? packet::kTcp : packet::kUdp,
                                    tcp_it_is ? tcp({.payload = random() % 9}) : udp(1, 2, random() % 9));
        const auto port = std::uint16_t(random());
        const IpAddress address = random() % 4 == 0 ? kA4 : IpAddress::v4(std::uint32_t(random()));
        Octets one_by_one = before, at_once = before;
        Packet first = parsed(one_by_one), second = parsed(at_once);
        first.set_source(address);
        first.set_source_port(port);
        second.set_end(Packet::End::kSource, std::as_bytes(std::span(address.bytes())).last(4), port);
        REQUIRE(one_by_one == at_once);
        REQUIRE(second.transport_checksum_ok());
    }
    // What is there already stays, its checksum included.
    const Octets before = frame(kA4, kB4, packet::kUdp, udp(1, 2));
    Octets octets = before;
    parsed(octets).set_end(Packet::End::kDestination, std::as_bytes(std::span(kB4.bytes())).last(4), 2);
    CHECK(octets == before);
}

TEST_CASE("the checksum of an IPv4 header follows its TTL whatever it is") {
    Octets octets = frame(kA4, kB4, packet::kUdp, udp(1, 2));
    for (unsigned identification = 0; identification < 65'536; ++identification) {
        octets[14 + 8] = std::byte{64};
        put16(octets, 14 + 4, std::uint16_t(identification));
        put16(octets, 14 + 10, 0);
        put16(octets, 14 + 10, InternetChecksum().add(Bytes(octets).subspan(14, 20)).value());
        Packet packet = parsed(octets);
        packet.decrement_hop_limit();
        REQUIRE(header_is_right(packet));
    }
}

TEST_CASE("a UDP datagram without a checksum keeps none, and a sum of zero is written as ones") {
    Octets octets = frame(kA4, kB4, packet::kUdp, udp(1, 2));
    put16(octets, 14 + 20 + 6, 0);
    Packet packet = parsed(octets);
    packet.set_source(kB4);
    packet.set_source_port(99);
    CHECK(octets[14 + 26] == std::byte{0});
    CHECK(octets[14 + 27] == std::byte{0});

    Octets other = frame(kA4, kB4, packet::kUdp, udp(1, 2));
    Packet counted = parsed(other);
    for (unsigned port = 0; port < 65'536; ++port) {
        counted.set_source_port(std::uint16_t(port));
        REQUIRE((other[14 + 26] != std::byte{0} || other[14 + 27] != std::byte{0}));
    }
    CHECK(counted.transport_checksum_ok());
}

TEST_CASE("a checksum that the device finishes covers the pseudo header only") {
    for (const bool is_v4 : {true, false}) {
        const IpAddress from = is_v4 ? kA4 : kA6, to = is_v4 ? kB4 : kB6;
        Octets octets =
            frame(from, to, packet::kTcp, tcp({.source_port = 1, .destination_port = 2, .payload = 3000}));
        const std::size_t start = is_v4 ? 34 : 54;
        const auto pseudo = [&](const IpAddress& source, const IpAddress& destination) {
            const std::size_t skip = is_v4 ? 12 : 0;
            return InternetChecksum{}
                .add(std::as_bytes(std::span(source.bytes())).subspan(skip))
                .add(std::as_bytes(std::span(destination.bytes())).subspan(skip))
                .add_word(packet::kTcp)
                .add_double_word(std::uint32_t(octets.size() - start))
                .sum();
        };
        put16(octets, start + 16, pseudo(from, to));
        net::Offload offload;
        offload.needs_checksum = true;
        offload.checksum_start = std::uint16_t(start);
        offload.checksum_offset = 16;
        offload.segmentation = is_v4 ? net::Segmentation::kTcp4 : net::Segmentation::kTcp6;
        offload.segment_size = 1448;
        Packet packet = parsed(octets, offload);
        CHECK(packet.transport_checksum_ok());
        packet.set_source(to);
        packet.set_source_port(50'000);
        packet.set_destination_port(50'001);
        const std::uint16_t field =
            std::uint16_t(std::uint16_t(octets[start + 16]) << 8 | std::uint16_t(octets[start + 17]));
        CHECK(field == pseudo(to, to));
        CHECK(header_is_right(packet));
    }
}

TEST_CASE("rewriting what an ICMP error quotes keeps the error's checksum right") {
    for (const bool is_v4 : {true, false}) {
        const IpAddress from = is_v4 ? kA4 : kA6, to = is_v4 ? kB4 : kB6;
        const Octets inner = frame(from, to, packet::kUdp, udp(1000, 53, 20));
        Octets octets =
            frame(to, from, is_v4 ? packet::kIcmp : packet::kIcmpv6,
                  icmp(is_v4 ? 3 : 1, is_v4 ? 3 : 4, 0, 0, Bytes(inner).subspan(14, is_v4 ? 28 : 56)));
        Packet packet = parsed(octets);
        REQUIRE(packet.transport_checksum_ok());
        auto quoted = packet.quoted();
        REQUIRE(quoted.has_value());
        CHECK(quoted->source() == from);
        CHECK(quoted->has_ports());
        quoted->set_source(to);
        quoted->set_source_port(2000);
        quoted->set_destination_port(2001);
        CHECK(header_is_right(*quoted));
        CHECK(packet.transport_checksum_ok());
        CHECK(quoted->source_port() == 2000);
    }
    Octets cut = frame(kA4, kB4, packet::kIcmp, icmp(3, 3, 0, 0, Octets(10, std::byte{0x45})));
    CHECK_FALSE(parsed(cut).quoted().has_value());
}
