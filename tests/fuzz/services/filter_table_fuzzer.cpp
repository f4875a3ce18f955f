// A compiled table that somebody has damaged: refused, or evaluated and shown within bounds. The input is a
// list of changes to a good one, four bytes of place and one of value each.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>

#include "services/filter/engine/evaluator.h"
#include "services/filter/table/describe.h"
#include "tests/support/packets.h"
#include "tests/support/rules.h"

using namespace holm;

namespace {

// Something of each kind of set, operation and entry.
constexpr const char* kRules = R"(table inet t {
 set wide { type ipv4_addr . inet_service . ifname . inet_proto . mark; elements = { 10.0.0.1 . 1 . lan . tcp . 0 } }
 set six { type ipv6_addr . inet_service . ipv6_addr; elements = { ::1 . 22 . ::2, ::2 . 23 . ::1 } }
 map to { type inet_service : ipv4_addr . inet_service; elements = { 80 : 10.0.0.3 . 8080, 81 : 10.0.0.4 . 80 } }
 chain other { counter; tcp dport { 22, 80-90 } return; goto last; }
 chain last { limit rate 3/second burst 2 packets log prefix "p" level info; drop; }
 chain c { type filter hook forward priority 0; policy drop;
  ip6 saddr fe80::/10 ip6 saddr . tcp dport . ip6 daddr @six drop
  ip saddr . tcp dport . iifname . ip protocol . meta mark @wide counter
  ip saddr . tcp dport { 10.0.0.0/8 . 1-9, 10.0.0.0/9 . 1-4 } accept
  tcp dport 1 counter accept
  tcp dport 2 counter drop
  tcp dport 3 counter jump other
  ct state vmap { established : accept, invalid : drop, new : jump other }
  meta mark set tcp sport map { 1 : 7, 2-9 : 8 } ct mark set meta mark & 3 | 4
  iifname "e*" reject with icmpx admin-prohibited
  reject with tcp reset
 }
 chain n { type nat hook prerouting priority dstnat;
  dnat ip addr . port to tcp dport map @to
  dnat ip to 10.0.0.1-10.0.0.9:1-9 random
 }
 chain r { type filter hook prerouting priority raw; notrack; accept; }
}
)";

struct Free {
    void operator()(std::byte* memory) const { ::operator delete(memory, std::align_val_t(16)); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static test::CompiledRules good(kRules);
    if (!good.problem().empty()) std::abort();
    const std::unique_ptr<std::byte, Free> memory(
        static_cast<std::byte*>(::operator new(good.bytes().size(), std::align_val_t(16))));
    const std::span bytes(memory.get(), good.bytes().size());
    std::ranges::copy(good.bytes(), bytes.begin());
    for (; size >= 5; data += 5, size -= 5) {
        std::uint32_t at;
        std::memcpy(&at, data, sizeof(at));
        bytes[at % bytes.size()] = std::byte(data[4]);
    }
    const auto table = filter::Table::open(bytes);
    if (!table) return 0;
    (void)filter::describe(*table);
    filter::Evaluator evaluator(*table);
    for (const bool v6 : {false, true}) {
        const auto address = [&](std::uint8_t last) {
            return v6 ? net::IpAddress::v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last})
                      : net::IpAddress::v4(10, 0, 0, last);
        };
        for (const std::uint16_t port :
             {std::uint16_t{1}, std::uint16_t{3}, std::uint16_t{80}, std::uint16_t{9999}}) {
            test::Octets octets =
                test::frame(address(1), address(2), packet::kTcp,
                            test::tcp({.source_port = port, .destination_port = port, .flags = 2}));
            auto packet = packet::Packet::parse(octets, {});
            if (!packet) std::abort();
            for (const filter::Chain& chain : table->chains()) {
                filter::Subject subject(*packet);
                subject.state = filter::kStateNew;
                evaluator.run(chain, subject, Instant::from_nanoseconds(1));
            }
        }
    }
    return 0;
}
