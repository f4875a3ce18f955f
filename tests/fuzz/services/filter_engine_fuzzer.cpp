// Hostile packets through a firewall that tracks, translates and rejects. The input is a row of packets: size
// (two bytes), interface and hook (one byte), bytes of the IP packet; or, where a bit of the third byte says
// so, what a sound packet is made of: somebody opens, somebody answers what has come out, somebody sends an
// error about it. Nobody guesses addresses that a translation has chosen.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <vector>

#include "base/checksum.h"
#include "services/filter/engine/engine.h"
#include "tests/support/packets.h"
#include "tests/support/rules.h"

using namespace holm;
using namespace holm::test;

namespace {

constexpr const char* kRules = R"(
table inet t {
 chain pre { type filter hook prerouting priority raw; udp dport 9 notrack; }
 chain mangle { type filter hook prerouting priority mangle;
  meta mark set ct mark; ip ttl < 5 ip dscp 1 ip id 7 ip length > 100 meta mark set 3
  ip6 hoplimit < 5 ip6 dscp 1 ip6 length > 100 ip6 flowlabel 9 meta mark set 4
  tcp window < 100 tcp flags & (syn | ack) == syn meta length 40-99 ct mark set 5
  ct direction reply ct status dnat goto known
  th sport 1000 jump odd
 }
 chain odd { udp length > 1000 return; meta mark 3 drop; ct mark 5 counter; }
 chain known { ct mark & 1 == 1 accept; ip6 saddr != fd00::/16 ip6 daddr fd00::2-fd00::9 counter return; limit rate over 3/second burst 2 packets drop; }
 chain i { type filter hook input priority 0; policy drop; ct state established,related accept; icmp type echo-request limit rate 5/second accept; }
 chain f { type filter hook forward priority 0; policy drop;
  ct state vmap { established : accept, related : accept, invalid : drop }
  tcp dport { 22, 80-90 } counter ct mark set 1 accept
  ip saddr . udp dport { 10.0.0.0/8 . 53, 10.0.0.1 . 54-60 } accept
  ip6 saddr fd00::/16 counter accept
  ip6 daddr . tcp dport { fd00::2 . 22, fd00::2 . 23 } accept
  ip saddr . ip daddr . meta l4proto { 10.0.0.3 . 10.0.0.4 . 47 } accept
  iifname "a" oifname "b*" icmp type { echo-request, timestamp-request } icmp code 0 accept
  icmpv6 type echo-request icmpv6 code 0 log prefix "six " accept
  meta nfproto ipv4 limit rate 1000 bytes/second accept
  tcp dport 1 reject with tcp reset
  counter reject
 }
}
table inet n {
 chain d { type nat hook prerouting priority dstnat; dnat ip to tcp dport map { 22 : 10.0.0.3, 53 : 10.0.0.4 }; tcp dport 80 dnat ip to 10.0.0.2:8080; udp dport 53 dnat ip6 to [fd00::2]:53; }
 chain s { type nat hook postrouting priority srcnat;
  udp sport 53 snat ip to 198.51.100.2-198.51.100.3:4000-4003
  ip saddr 10.0.0.3 return
  udp sport 54 snat ip6 to fd00::10-fd00::1f
  udp sport 1 udp dport 1 drop
  tcp sport 22 masquerade to :600-602 random
  masquerade
 }
}
)";

class Host final : public packet::HookHost {
  public:
    void send(Instant, Bytes ip_packet, const packet::FlowNote& note) override {
        if (waiting.size() < 8) waiting.emplace_back(std::vector<std::byte>(14), note);
        auto& octets = waiting.back().first;
        octets.resize(14);
        octets.insert(octets.end(), ip_packet.begin(), ip_packet.end());
    }
    net::IpAddress address_of(std::uint16_t interface, packet::Family family) const override {
        if (interface == 3) return {};
        return family == packet::Family::kIpv4 ? net::IpAddress::v4(198, 51, 100, 1)
                                               : net::IpAddress::v6({0x20, 1, 0xd, 0xb8, 1});
    }
    std::vector<std::pair<std::vector<std::byte>, packet::FlowNote>> waiting;
};

const net::IpAddress kHosts[] = {
    net::IpAddress::v4(10, 0, 0, 1),     net::IpAddress::v4(10, 0, 0, 2),
    net::IpAddress::v4(10, 0, 0, 3),     net::IpAddress::v4(10, 0, 0, 4),
    net::IpAddress::v4(198, 51, 100, 1), net::IpAddress::v4(192, 0, 2, 9),
    net::IpAddress::v6({0xfd}),          net::IpAddress::v6({0x20, 1, 0xd, 0xb8, 1})};
constexpr std::uint16_t kPorts[] = {80, 22, 53, 1, 1000, 2000, 54, 9};

// What came out last, so that somebody can answer it.
struct Seen {
    net::IpAddress source, destination;
    std::uint8_t protocol = packet::kTcp;
    std::uint16_t source_port = 1000, destination_port = 80;
    std::uint32_t sequence = 1000, acknowledgment = 0, next = 1001;
    std::vector<std::byte> datagram;

    explicit Seen(const packet::Packet& of)
        : source(of.source()), destination(of.destination()), protocol(of.protocol()) {
        datagram.assign(of.network().begin(), of.network().end());
        if (!of.has_transport()) return;
        const Bytes transport = of.transport();
        const auto word = [&](std::size_t at) {
            return std::uint32_t(transport[at]) << 24 | std::uint32_t(transport[at + 1]) << 16 |
                   std::uint32_t(transport[at + 2]) << 8 | std::uint32_t(transport[at + 3]);
        };
        source_port = of.has_ports() ? of.source_port() : of.icmp_identifier();
        destination_port = of.has_ports() ? of.destination_port() : 0;
        if (protocol != packet::kTcp) return;
        sequence = word(4);
        acknowledgment = word(8);
        const bool counts = (of.tcp_flags() & 3) != 0;
        next = sequence + std::uint32_t(transport.size() - 20) + (counts ? 1 : 0);
    }
};

// A packet from up to eight bytes. `last`: may be null.
Octets speak(Bytes bytes, const Seen* last) {
    std::uint8_t p[8] = {};
    for (std::size_t i = 0; i < std::min<std::size_t>(bytes.size(), 8); ++i) p[i] = std::uint8_t(bytes[i]);
    const net::IpAddress& from = kHosts[p[1] & 7];
    net::IpAddress to = kHosts[p[1] >> 3 & 7];
    if (from.is_v4() != to.is_v4()) to = from.is_v4() ? kHosts[1] : kHosts[7];
    const std::uint8_t icmp_protocol = from.is_v4() ? packet::kIcmp : packet::kIcmpv6;
    const std::uint16_t port = kPorts[p[2] & 7], target = kPorts[p[2] >> 3 & 7];
    switch (last == nullptr ? p[0] % 4 : p[0] % 8) {
        case 0:
            return frame(from, to, packet::kUdp, udp(port, target, p[3]));
        case 1:
            return frame(from, to, icmp_protocol, icmp(from.is_v4() ? 8 : 128, 0, p[3]));
        case 2:
            return frame(from, to, p[3], Octets(p[4]));
        case 3:
            return frame(from, to, packet::kTcp,
                         tcp({.source_port = port,
                              .destination_port = target,
                              .flags = p[3],
                              .sequence = std::uint32_t(p[4]) << 8,
                              .acknowledgment = std::uint32_t(p[5]) << 8,
                              .window = std::uint16_t(p[6] << 8 | 1)}));
        case 4:
        case 5: {  // the other side answers, or the same one goes on
            const bool answers = p[0] % 8 == 4;
            const auto& source = answers ? last->destination : last->source;
            const auto& destination = answers ? last->source : last->destination;
            const std::uint16_t here = answers ? last->destination_port : last->source_port;
            const std::uint16_t there = answers ? last->source_port : last->destination_port;
            if (last->protocol == packet::kTcp) {
                const std::uint32_t shift = (std::uint32_t(p[3]) - 128) << (p[4] & 15);
                return frame(source, destination, packet::kTcp,
                             tcp({.source_port = here,
                                  .destination_port = there,
                                  .flags = p[2],
                                  .sequence = (answers ? last->acknowledgment : last->next) +
                                              ((p[1] & 1) != 0 ? shift : 0),
                                  .acknowledgment = (answers ? last->next : last->acknowledgment) +
                                                    ((p[1] & 2) != 0 ? shift : 0),
                                  .window = std::uint16_t(p[5] << 8 | p[6]),
                                  .payload = p[7]}));
            }
            if (last->protocol == packet::kUdp)
                return frame(source, destination, packet::kUdp, udp(here, there, p[7]));
            return frame(source, destination, last->protocol,
                         icmp(source.is_v4() ? 0 : 129, 0, last->source_port));
        }
        default: {  // a router on the way, or the receiver, sends an error about it
            Octets quoted(last->datagram.begin(),
                          last->datagram.begin() +
                              std::ptrdiff_t(std::min<std::size_t>(last->datagram.size(), 20U + p[4])));
            if (!quoted.empty() && p[5] != 0) quoted[p[5] % quoted.size()] ^= std::byte(p[6]);
            const bool v4 = last->source.is_v4();
            const net::IpAddress& router = (p[1] & 1) != 0 ? last->destination : kHosts[v4 ? 5 : 7];
            return frame(router, last->source, v4 ? packet::kIcmp : packet::kIcmpv6,
                         icmp(v4 ? (p[2] & 1   ? 3
                                    : p[2] & 2 ? 11
                                               : 5)
                                 : std::uint8_t(1 + p[2] % 4),
                              p[3] & 15, 0, 0, quoted));
        }
    }
}

void check(const packet::Packet& packet) {
    const bool right = !packet.is_v4() ||
                       InternetChecksum{}
                           .add(packet.network().first(packet.transport_offset() - packet.network_offset()))
                           .is_correct();
    if (!right) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const test::CompiledRules rules(kRules);
    if (!rules.problem().empty()) std::abort();
    Host host;
    filter::EngineConfiguration configuration;
    configuration.tracker.flows = 16;
    configuration.tracker.verify_checksums = (size & 1) != 0;
    filter::Engine engine(rules.table(), host, configuration);
    Instant now = Instant::from_nanoseconds(1'000'000'000);
    engine.name_interface(1, "a");
    engine.name_interface(2, "b1");
    std::optional<Seen> seen;
    for (std::size_t at = 0; at + 3 <= size;) {
        const std::size_t length =
            std::min<std::size_t>((data[at] << 8 | data[at + 1]) & 0x7ff, size - at - 3);
        const std::uint8_t how = data[at + 2];
        std::vector<std::byte> octets(14 + length);
        for (std::size_t i = 0; i < length; ++i) octets[14 + i] = std::byte(data[at + 3 + i]);
        at += 3 + length;
        const bool speaks = (how & 0x20) != 0;
        if (speaks) octets = speak(Bytes(octets).subspan(14), seen ? &*seen : nullptr);
        now = now + ((how & 7) == 7 ? Duration::seconds(how) : Duration::milliseconds(how));
        if (!speaks && length >= 20 && (how & 0x80) == 0 && (data[at - length] >> 4) == 4) {
            // Nobody guesses checksums.
            const std::size_t header = std::min<std::size_t>((std::size_t(octets[14]) & 0xf) * 4, length);
            octets[24] = octets[25] = std::byte{0};
            const std::uint16_t sum = InternetChecksum{}.add(Bytes(octets).subspan(14, header)).value();
            octets[24] = std::byte(sum >> 8);
            octets[25] = std::byte(sum);
        }
        auto packet = packet::Packet::parse(octets, {});
        if (!packet) continue;
        packet->in_interface = std::uint16_t(1 + how % 3);
        if (engine.prerouting(now, *packet) == packet::Verdict::kAccept) {
            check(*packet);
            packet->out_interface = std::uint16_t(1 + how / 3 % 3);
            if ((how & 0x40) != 0)
                engine.input(now, *packet);
            else if (engine.forward(now, *packet) == packet::Verdict::kAccept &&
                     engine.postrouting(now, *packet) == packet::Verdict::kAccept) {
                check(*packet);
                seen.emplace(*packet);
            }
        }
        for (auto& [answer, note] : host.waiting) {
            auto own = packet::Packet::parse(answer, {});
            if (!own) std::abort();  // what the filter makes is well formed
            own->note = note;
            own->out_interface = 1;
            if (engine.output(now, *own) == packet::Verdict::kAccept) engine.postrouting(now, *own);
        }
        host.waiting.clear();
        engine.expire(now);
        if (engine.tracker().flows().count() > 16) std::abort();
        for (std::size_t i = 0; i < filter::kDrops; ++i)
            if (engine.drops(filter::Drop(i)) > 1'000'000) std::abort();  // one subtracted from less
    }
    return 0;
}
