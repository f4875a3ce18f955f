// Packets cut into smaller ones by themselves, where the router's tests do not get to.

#include "services/route/cut.h"

#include <random>

#include <doctest/doctest.h>

#include "tests/support/packets.h"

using namespace holm;
using namespace holm::test;
using net::IpAddress;
using packet::Packet;
using route::Cutter;

namespace {

constexpr IpAddress kA = IpAddress::v4(10, 0, 0, 1), kB = IpAddress::v4(10, 0, 1, 1);
constexpr IpAddress kA6 = IpAddress::v6({0xfd, 0, 1}), kB6 = IpAddress::v6({0xfd, 0, 2});

struct Kept final : route::PieceSink {
    void piece(MutableBytes memory, std::size_t size) override {
        REQUIRE(memory.size() == Cutter::kHeadroom + size);
        const Bytes packet = memory.last(size);
        Octets octets(14);
        append(octets, packet);
        octets[12] = std::byte{0x08};
        pieces.push_back(octets);
    }
    std::vector<Octets> pieces;
};

}  // namespace

TEST_CASE("fragments of a fragment, with and without options that are copied") {
    Octets octets = frame(kA, kB, 253, Octets(2000, std::byte{7}));
    // A copied option (148) and one that is not (7), padded to a word.
    const Octets options{std::byte{148}, std::byte{4}, std::byte{0}, std::byte{0},
                         std::byte{7},   std::byte{3}, std::byte{4}, std::byte{0}};
    octets.insert(octets.begin() + 34, options.begin(), options.end());
    octets[14] = std::byte{0x47};
    put16(octets, 16, std::uint16_t(octets.size() - 14));
    put16(octets, 20, 0x2000 | 10);  // offset 80, more follow
    Cutter cutter;
    Kept kept;
    REQUIRE(cutter.fragment(Bytes(octets).subspan(14), 576, 0, kept));
    REQUIRE(kept.pieces.size() == 4);
    std::size_t at = 80;
    for (Octets& piece : kept.pieces) {
        const auto packet = Packet::parse(piece, {});
        REQUIRE(packet);
        CHECK(packet->network().size() <= 576);
        CHECK(packet->fragment().offset == at);
        CHECK(packet->fragment().more);
        CHECK(packet->transport_offset() == (at == 80 ? 14 + 28u : 14 + 24u));
        at += packet->transport().size();
    }
    CHECK(at == 2080);
}

TEST_CASE("IPv6 packets that came in pieces leave in pieces") {
    const Octets octets = frame(kA6, kB6, packet::kUdp, udp(1, 2, 3000));
    Cutter cutter;
    Kept kept;
    REQUIRE(cutter.fragment(Bytes(octets).subspan(14), 1280, 77, kept));
    REQUIRE(kept.pieces.size() == 3);
    Octets together;
    for (Octets& piece : kept.pieces) {
        const auto packet = Packet::parse(piece, {});
        REQUIRE(packet);
        CHECK(packet->network().size() <= 1280);
        CHECK(packet->fragment().identification == 77);
        CHECK(packet->fragment().offset == together.size());
        append(together, packet->transport());
    }
    CHECK(together == Octets(octets.begin() + 54, octets.end()));
}

TEST_CASE("segments of UDP and of IPv6") {
    Octets octets = frame(kA6, kB6, packet::kUdp, udp(1, 2, 3000));
    net::Offload offload;
    offload.segmentation = net::Segmentation::kUdpSegments;
    offload.segment_size = 1000;
    const auto packet = Packet::parse(octets, offload);
    Cutter cutter;
    Kept kept;
    REQUIRE(cutter.segment(*packet, 1500, 1, kept));
    REQUIRE(kept.pieces.size() == 3);
    for (Octets& piece : kept.pieces) {
        const auto parsed = Packet::parse(piece, {});
        REQUIRE(parsed);
        CHECK(parsed->transport().size() == 1008);
        CHECK(parsed->transport_checksum_ok());
    }
}

TEST_CASE("whatever the bytes and the offloads, cutting ends and stays inside") {
    std::mt19937_64 random(3);
    Cutter cutter;
    for (int round = 0; round < 3000; ++round) {
        const bool v4 = random() % 2 == 0;
        Octets octets = frame(v4 ? kA : kA6, v4 ? kB : kB6, random() % 2 == 0 ? packet::kTcp : packet::kUdp,
                              Octets(random() % 3000, std::byte(random())));
        for (int i = 0; i < 3; ++i) octets[14 + random() % (octets.size() - 14)] = std::byte(random());
        net::Offload offload;
        offload.segmentation = random() % 2 == 0 ? net::Segmentation::kTcp4 : net::Segmentation::kUdpSegments;
        offload.segment_size = std::uint16_t(1 + random() % 3000);
        auto packet = Packet::parse(octets, offload);
        if (!packet) continue;
        Kept kept;
        const std::size_t mtu = 68 + random() % 1500;
        cutter.segment(*packet, mtu, 1, kept);
        cutter.fragment(packet->network(), mtu, 1, kept);
        for (const Octets& piece : kept.pieces) CHECK(piece.size() <= 14 + mtu);
    }
}
