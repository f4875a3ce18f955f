#pragma once

// A firewall between two networks, in process: packets go in on one side, and what comes out on the other is
// looked at.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "services/filter/engine/engine.h"
#include "tests/support/packets.h"
#include "tests/support/rules.h"

namespace holm::test {

using net::IpAddress;
using packet::Packet;
using packet::Verdict;

inline constexpr IpAddress kInside = IpAddress::v4(10, 0, 0, 1), kOther = IpAddress::v4(10, 0, 0, 2),
                           kOutside = IpAddress::v4(192, 0, 2, 1), kServer = IpAddress::v4(192, 0, 2, 2),
                           kRouter = IpAddress::v4(198, 51, 100, 1);
inline constexpr std::uint8_t kSyn = 2, kAck = 16, kFin = 1, kRst = 4;

class Host final : public packet::HookHost {
  public:
    void send(Instant, Bytes ip_packet, const packet::FlowNote& note) override {
        sent.emplace_back(ip_packet.begin(), ip_packet.end());
        notes.push_back(note);
    }
    IpAddress address_of(std::uint16_t interface, packet::Family family) const override {
        return family == packet::Family::kIpv4 && interface == 2 ? kRouter : IpAddress::any_v4();
    }
    std::vector<Octets> sent;
    std::vector<packet::FlowNote> notes;
};

// A router of two interfaces: 1 is inside, 2 is outside.
class World {
  public:
    explicit World(const std::string& text, std::uint32_t flows = 64) : rules(text) {
        REQUIRE(rules.problem() == "");
        filter::EngineConfiguration configuration;
        configuration.tracker.flows = flows;
        engine = std::make_unique<filter::Engine>(rules.table(), host, configuration);
        engine->name_interface(1, "inside");
        engine->name_interface(2, "outside");
    }

    // What comes out of the other side, or nothing. Time goes on by a microsecond.
    std::optional<Octets> forward(Octets octets, bool outwards) {
        now = now + Duration::microseconds(1);
        auto packet = Packet::parse(octets, {});
        REQUIRE(packet.has_value());
        packet->in_interface = outwards ? 1 : 2;
        last = engine->prerouting(now, *packet);
        if (last == Verdict::kAccept) {
            packet->out_interface = outwards ? 2 : 1;
            last = engine->forward(now, *packet);
            if (last == Verdict::kAccept) last = engine->postrouting(now, *packet);
        }
        if (last != Verdict::kAccept) return std::nullopt;
        return Octets(packet->frame().begin(), packet->frame().end());
    }
    std::optional<Octets> out(const Octets& octets) { return forward(octets, true); }
    std::optional<Octets> in(const Octets& octets) { return forward(octets, false); }

    CompiledRules rules;
    Host host;
    std::unique_ptr<filter::Engine> engine;
    Instant now = Instant::from_nanoseconds(1'000'000'000);
    Verdict last = Verdict::kAccept;
};

inline const std::string kStateful =
    "table inet t { chain f { type filter hook forward priority 0; policy drop;\n"
    "ct state invalid counter drop\n ct state established,related counter accept\n iifname \"inside\" "
    "counter accept\n} }";
inline const std::string kMasquerade =
    kStateful +
    "\ntable ip n { chain p { type nat hook postrouting priority srcnat;\n oifname \"outside\" "
    "masquerade\n} }";

inline Packet parsed(Octets& octets) {
    auto packet = Packet::parse(octets, {});
    REQUIRE(packet.has_value());
    return *packet;
}

inline Octets segment(bool outwards, std::uint8_t flags, std::uint32_t sequence, std::uint32_t ack,
                      std::size_t payload = 0) {
    const TcpFields fields{.source_port = std::uint16_t(outwards ? 1000 : 80),
                           .destination_port = std::uint16_t(outwards ? 80 : 1000),
                           .flags = flags,
                           .sequence = sequence,
                           .acknowledgment = ack,
                           .payload = payload};
    return outwards ? frame(kInside, kServer, packet::kTcp, tcp(fields))
                    : frame(kServer, kInside, packet::kTcp, tcp(fields));
}

// A fragment of a datagram from a host inside, by IPv6.
inline Octets piece_v6(std::uint8_t next, std::uint16_t offset, bool more, Bytes payload,
                       std::uint32_t identification = 77) {
    Octets octets(8);
    octets[0] = std::byte(next);
    put16(octets, 2, std::uint16_t(offset | (more ? 1 : 0)));
    put32(octets, 4, identification);
    append(octets, payload);
    const auto inside = IpAddress::v6({0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
    const auto server = IpAddress::v6({0xfd, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2});
    return frame(inside, server, net::wire::kFragment, std::move(octets));
}

}  // namespace holm::test
