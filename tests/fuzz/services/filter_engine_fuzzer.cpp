// Hostile packets through a firewall that tracks, translates and rejects. The input is a row of packets: size
// (two bytes), interface and hook (one byte), bytes of the IP packet.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "base/checksum.h"
#include "services/filter/engine/engine.h"
#include "tests/support/rules.h"

using namespace holm;

namespace {

constexpr const char* kRules = R"(
table inet t {
 chain pre { type filter hook prerouting priority raw; udp dport 9 notrack; }
 chain i { type filter hook input priority 0; policy drop; ct state established,related accept; icmp type echo-request limit rate 5/second accept; }
 chain f { type filter hook forward priority 0; policy drop;
  ct state vmap { established : accept, related : accept, invalid : drop }
  tcp dport { 22, 80-90 } counter ct mark set 1 accept
  ip saddr . udp dport { 10.0.0.0/8 . 53, 10.0.0.1 . 54-60 } accept
  ip6 saddr fd00::/16 counter accept
  counter reject
 }
}
table inet n {
 chain d { type nat hook prerouting priority dstnat; tcp dport 80 dnat ip to 10.0.0.2:8080; udp dport 53 dnat ip6 to [fd00::2]:53; }
 chain s { type nat hook postrouting priority srcnat; masquerade; }
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
    for (std::size_t at = 0; at + 3 <= size;) {
        const std::size_t length =
            std::min<std::size_t>((data[at] << 8 | data[at + 1]) & 0x7ff, size - at - 3);
        const std::uint8_t how = data[at + 2];
        std::vector<std::byte> octets(14 + length);
        for (std::size_t i = 0; i < length; ++i) octets[14 + i] = std::byte(data[at + 3 + i]);
        at += 3 + length;
        now = now + Duration::milliseconds(how);
        if (length >= 20 && (how & 0x80) == 0 && (data[at - length] >> 4) == 4) {
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
                     engine.postrouting(now, *packet) == packet::Verdict::kAccept)
                check(*packet);
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
    }
    return 0;
}
