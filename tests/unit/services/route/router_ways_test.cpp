// Ways that packets take one after the other: the same ones for the same flow, whatever has passed before.

#include <array>

#include "tests/unit/services/route/router_packets.h"

using namespace holm;
using namespace holm::test;
using net::IpAddress;
using route::Drop;

namespace {

using Lab = RouterLab;

constexpr IpAddress kFar = IpAddress::v4(198, 18, 0, 1);

void two_ways(route::TableParts& parts) {
    for (const std::uint16_t out : {std::uint16_t{1}, std::uint16_t{2}})
        parts.routes.push_back(
            {IpAddress::any_v4(), 0, route::WayKind::kForward, {out, true, RouterLab::host(out)}});
}

// Which interface something leaves by; -1: none.
int leaves_by(Lab& lab, const IpAddress& from, const IpAddress& to, std::uint16_t port, std::size_t in = 0) {
    lab.send(in, frame(from, to, packet::kUdp, udp(port, 53)));
    for (std::size_t out = 0; out < 3; ++out)
        if (!lab.received(out).empty()) return int(out);
    return -1;
}

}  // namespace

TEST_CASE("flows are spread over equal ways, and each stays on its own") {
    Lab lab({.change = two_ways});
    std::array<int, 200> first{};
    std::array<int, 3> load{};
    for (std::uint16_t port = 0; port < first.size(); ++port) {
        first[port] = leaves_by(lab, Lab::host(0), kFar, port);
        REQUIRE(first[port] > 0);
        ++load[std::size_t(first[port])];
    }
    CHECK(load[1] > 50);
    CHECK(load[2] > 50);
    for (std::uint16_t port = 0; port < first.size(); ++port)
        CHECK(leaves_by(lab, Lab::host(0), kFar, port) == first[port]);
}

TEST_CASE("a way that is known is one of its addresses and of where they came in") {
    Lab lab({});
    // More pairs of addresses than are remembered, round after round.
    for (int round = 0; round < 3; ++round)
        for (std::uint8_t i = 2; i < 150; ++i) {
            CHECK(leaves_by(lab, Lab::host(0, i), Lab::host(1, i), 1) == 1);
            CHECK(leaves_by(lab, Lab::host(0, i), Lab::host(2, i), 1) == 2);
        }
    // The same addresses from another side: somebody makes them up.
    CHECK(leaves_by(lab, Lab::host(0), Lab::host(1), 1) == 1);
    CHECK(leaves_by(lab, Lab::host(0), Lab::host(1), 1, 2) == -1);
    CHECK(lab.drops(2, Drop::kReversePath) == 1);
    // To a group of the link: never by a known way.
    lab.broadcast(0, frame(Lab::host(0), Lab::host(1), packet::kUdp, udp(1, 53)));
    CHECK(lab.received(1).empty());
    // At the end of its life a packet goes no known way either.
    lab.send(0, frame(Lab::host(0), Lab::host(1), packet::kUdp, udp(1, 53), 1));
    CHECK(lab.received(1).empty());
    CHECK(lab.drops(0, Drop::kHopLimit) == 1);
}

TEST_CASE("what a hook has given another destination goes there") {
    class Divert final : public packet::Hooks {
      public:
        packet::Verdict prerouting(Instant, packet::Packet& packet) override {
            if (on) packet.set_destination(Lab::host(2));
            return packet::Verdict::kAccept;
        }
        packet::Verdict input(Instant, packet::Packet&) override { return packet::Verdict::kAccept; }
        packet::Verdict forward(Instant, packet::Packet&) override { return packet::Verdict::kAccept; }
        packet::Verdict output(Instant, packet::Packet&) override { return packet::Verdict::kAccept; }
        packet::Verdict postrouting(Instant, packet::Packet&) override { return packet::Verdict::kAccept; }
        Instant next_deadline() const override { return Instant::never(); }
        void expire(Instant) override {}
        bool on = false;
    } divert;
    Lab lab({});
    lab.router->set_hooks(&divert);
    for (const bool on : {false, true, false, true}) {
        divert.on = on;
        CHECK(leaves_by(lab, Lab::host(0), Lab::host(1), 1) == (on ? 2 : 1));
    }
    lab.router->set_hooks(nullptr);
}
