// Proofs of what is not there, where a zone has names without records of their own.

#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "net/wire/dns.h"
#include "net/wire/layout.h"
#include "services/dns/server.h"
#include "tests/support/dns/signed_zones.h"
#include "tests/support/dns/zones.h"

using namespace holm;
using namespace holm::dns;

namespace {

// The owners of the records of this type in the authority section, which is compressed to the zone's name.
std::set<std::string> proofs(const std::string& zone, const std::string& name, std::uint16_t type) {
    const CompiledZones compiled = compile_zones({{"z.test", zone}});
    REQUIRE(compiled.mistakes == std::vector<std::string>());
    PlacedTable placed(compiled.table);
    const ZoneTable table = *ZoneTable::create(placed.bytes());
    Server server(table, {1, 2});
    std::string asked("\0\0\0\0\0\1\0\0\0\0\0\1", 12);
    asked += *parse_name(name, WireName(1, '\0'));
    const std::size_t records = asked.size() + 4;
    asked += std::string("\0\1\0\1\0\0\x29\x10\0\0\0\x80\0\0\0", 15);  // DO
    static std::byte out[Server::kStreamRoom];
    const auto reply = server.answer(
        Instant(), 0, {net::IpAddress::v4(10, 0, 0, 1), Server::Transport::kStream}, as_bytes(asked), out);
    std::set<std::string> owners;
    for (std::size_t at = records; at + 12 < reply.size;) {
        std::string owner;
        for (; std::to_integer<unsigned>(out[at]) < 0xc0 && out[at] != std::byte{0};
             at += 1 + std::to_integer<std::size_t>(out[at]))
            owner += (owner.empty() ? "" : ".") +
                     std::string(as_text(Bytes(out).subspan(at + 1, std::to_integer<std::size_t>(out[at]))));
        at += out[at] == std::byte{0} ? 1 : 2;
        const auto tail = net::wire::load<net::wire::DnsRecordTail>(Bytes(out).subspan(at));
        if (tail.type == type) owners.insert(owner);
        at += sizeof(tail) + tail.size;
    }
    return owners;
}

}  // namespace

TEST_CASE("NSEC3 with opt-out: the wildcard that is denied is that of the ancestor which is proven") {
    // ent.z.test leads to an insecure delegation only, and has no record of its own.
    std::string zone(kSignedHead);
    zone += "insecure.ent NS ns.elsewhere.test.\n";
    std::vector<std::string> names{"z.test", "ns1.z.test"};
    for (char letter = 'a'; letter <= 'p'; ++letter) {
        zone += std::string(1, letter) + " A 192.0.2.2\n";
        names.push_back(letter + std::string(".z.test"));
    }
    const Nsec3Chain chain(names);
    zone += chain.records();
    const std::set<std::string> wanted{nsec3_hash("z.test"), chain.covering("ent.z.test"),
                                       chain.covering("*.z.test")};
    REQUIRE(wanted.size() == 3);
    REQUIRE_FALSE(wanted.contains(chain.covering("*.ent.z.test")));
    CHECK(proofs(zone, "none.ent.z.test", type::kNsec3) == wanted);
}

TEST_CASE("NSEC: a wildcard that only leads to names is shown to have no data") {
    const std::string zone = std::string(kSignedHead) +
                             "@ NSEC sub.*.z.test. NS SOA RRSIG NSEC\n"
                             "sub.* TXT \"below\"\nsub.* NSEC ns1.z.test. TXT NSEC\n"
                             "ns1 NSEC z.test. A NSEC\n";
    // What covers the name, and what lies in front of the wildcard and says that there is more behind it.
    CHECK(proofs(zone, "foo.z.test", type::kNsec) == std::set<std::string>{"", "sub.*"});
}
