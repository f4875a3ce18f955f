// Proofs of what is not there, where a zone has names without records of their own.

#include <map>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include "base/sha1.h"
#include "net/wire/dns.h"
#include "net/wire/layout.h"
#include "services/dns/server.h"
#include "tests/support/dns/zones.h"

using namespace holm;
using namespace holm::dns;

namespace {

constexpr std::string_view kSigned =
    "$TTL 3600\n@ SOA ns1 hostmaster 1 7200 3600 604800 300\n@ NS ns1\nns1 A 192.0.2.1\n"
    "@ RRSIG SOA 15 2 3600 20300101000000 20200101000000 1 z.test. AAAA\n";

// NSEC3 without salt and iterations, in base32hex.
std::string hash_of(const std::string& name) {
    const WireName wire = *parse_name(name, WireName(1, '\0'));
    const Sha1Digest digest = sha1(as_bytes(wire));
    std::string text;
    unsigned bits = 0, count = 0;
    for (const std::uint8_t one : digest) {
        bits = bits << 8 | one;
        for (count += 8; count >= 5; count -= 5)
            text += "0123456789abcdefghijklmnopqrstuv"[bits >> (count - 5) & 31];
    }
    return text;
}

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
    std::string zone(kSigned);
    zone += "@ NSEC3PARAM 1 0 0 -\ninsecure.ent NS ns.elsewhere.test.\n";
    std::map<std::string, std::string> chain;  // hash, owner
    for (const std::string name : {"z.test", "ns1.z.test"}) chain[hash_of(name)] = name;
    for (char letter = 'a'; letter <= 'p'; ++letter) {
        zone += std::string(1, letter) + " A 192.0.2.2\n";
        chain[hash_of(std::string(1, letter) + ".z.test")] = letter;
    }
    for (auto at = chain.begin(); at != chain.end(); ++at) {
        const auto next = std::next(at) == chain.end() ? chain.begin() : std::next(at);
        zone += at->first + " NSEC3 1 1 0 - " + next->first + " A\n";
    }
    const auto covering = [&](const std::string& name) {
        const auto behind = chain.upper_bound(hash_of(name));
        return behind == chain.begin() ? chain.rbegin()->first : std::prev(behind)->first;
    };
    const std::set<std::string> wanted{hash_of("z.test"), covering("ent.z.test"), covering("*.z.test")};
    REQUIRE(wanted.size() == 3);
    REQUIRE_FALSE(wanted.contains(covering("*.ent.z.test")));
    CHECK(proofs(zone, "none.ent.z.test", type::kNsec3) == wanted);
}

TEST_CASE("NSEC: a wildcard that only leads to names is shown to have no data") {
    const std::string zone = std::string(kSigned) +
                             "@ NSEC sub.*.z.test. NS SOA RRSIG NSEC\n"
                             "sub.* TXT \"below\"\nsub.* NSEC ns1.z.test. TXT NSEC\n"
                             "ns1 NSEC z.test. A NSEC\n";
    // What covers the name, and what lies in front of the wildcard and says that there is more behind it.
    CHECK(proofs(zone, "foo.z.test", type::kNsec) == std::set<std::string>{"", "sub.*"});
}
