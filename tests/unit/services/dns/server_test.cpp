// The server beside the differential test (tests/interop/test_dns.py): what is understood and what is not,
// sizes, names.

#include "tests/unit/services/dns/server_fixture.h"

using namespace holm;
using namespace holm::dns;
using net::wire::DnsHeader;

TEST_CASE("the usual answer is the question and a record that points to it") {
    Fixture fixture;
    const std::string asked = query("nS1.z.tEsT", 1);
    const std::string answer = fixture.ask(asked);
    CHECK(answer.substr(12, asked.size() - 12) == asked.substr(12));  // letters as they were sent
    CHECK(answer.substr(asked.size()) == std::string("\xc0\x0c\0\1\0\1\0\0\x0e\x10\0\4\xc0\0\2\1", 16));
    CHECK(header_of(answer).flags ==
          (DnsHeader::kResponse | DnsHeader::kAuthoritative | DnsHeader::kRecursionDesired));
}

TEST_CASE("messages that are looked at together are answered as each by itself") {
    const std::vector<std::string> messages = {query("ns1.z.test", 1),
                                               query("nobody.z.test", 1),
                                               "no query",
                                               query("z.test", 6),
                                               query("elsewhere.test", 1),
                                               query("ns1.z.test", 1) + "x",
                                               query("z.test", 1, opt(1232)),
                                               query("ns1.z.test", 28)};
    static_assert(Server::kMostAhead == 8);
    Fixture alone, together;
    const std::vector<Bytes> all = [&] {
        std::vector<Bytes> views;
        for (const std::string& message : messages) views.push_back(as_bytes(message));
        return views;
    }();
    together.server.look_ahead(all);
    // In any order.
    for (const std::size_t index : {3U, 0U, 7U, 1U, 2U, 6U, 5U, 4U}) {
        alignas(8) std::byte out[Server::kUdpRoom];
        const auto reply =
            together.server.answer(together.now, 1000, {kClient, Server::Transport::kDatagram}, index, out);
        CHECK(as_text(Bytes(out).first(reply.size)) == alone.ask(messages[index]));
    }
    CHECK(together.server.counters().queries == messages.size());
    CHECK(together.server.counters().answers == alone.server.counters().answers);
}

TEST_CASE("what is no query, and what cannot be understood") {
    Fixture fixture;
    CHECK(fixture.ask("") == "");
    CHECK(fixture.ask(std::string(11, '\0')) == "");
    std::string answer = query("z.test", 1);
    answer[2] = static_cast<char>(0x80);
    CHECK(fixture.ask(answer) == "");
    CHECK(fixture.server.counters().not_queries == 3);
    CHECK(code(fixture.ask(query("z.test", 1) + "x")) == 1);          // bytes behind the end
    CHECK(code(fixture.ask(query("z.test", 1).substr(0, 20))) == 1);  // cut off
    CHECK(code(fixture.ask(std::string("\0\1\0\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1", 18))) ==
          1);  // points to itself
    std::string two = query("z.test", 1);
    two[5] = 2;
    CHECK(code(fixture.ask(two)) == 1);
    std::string update = query("z.test", 6);
    update[2] = 0x28;
    CHECK(code(fixture.ask(update)) == 4);
    CHECK(code(fixture.ask(query("z.test", 252))) == 1);  // AXFR by UDP
    CHECK(code(fixture.ask(query("other.test", 1))) == 5);
    CHECK(code(fixture.ask(query("version.bind", 16, "", 3))) == 5);  // nobody said what to say
    CHECK(fixture.server.counters().malformed == 4);
}

TEST_CASE("an SOA record that does not fit is truncated for IXFR too") {
    const auto long_name = [](char c) {
        std::string name;
        for (const int size : {63, 63, 63, 57}) name += std::string(size, c) + ".";
        return name;
    };
    Fixture fixture("$TTL 3600\n@ SOA " + long_name('m') + " " + long_name('r') +
                    " 1 7200 3600 604800 300\n@ NS ns.elsewhere.test.\n");
    for (const std::uint16_t type : {std::uint16_t{6}, std::uint16_t{251}}) {
        const auto header = header_of(fixture.ask(query("z.test", type)));
        CHECK(header.answers == 0);
        CHECK((header.flags & DnsHeader::kTruncated) != 0);
    }
}

TEST_CASE("what does not fit is truncated, and comes by TCP") {
    std::string zone(kSmallZone);
    for (int i = 0; i < 40; ++i) zone += "big A 192.0.3." + std::to_string(i) + "\n";
    Fixture fixture(zone);
    for (const std::string& additional : {std::string(), opt(512), opt(100)}) {
        const std::string answer = fixture.ask(query("big.z.test", 1, additional));
        CHECK((header_of(answer).flags & DnsHeader::kTruncated) != 0);
        CHECK(answer.size() <= 512);
    }
    CHECK(header_of(fixture.ask(query("big.z.test", 1, opt(4096)))).answers == 40);
    CHECK(header_of(fixture.ask(query("big.z.test", 1), Server::Transport::kStream)).answers == 40);
}

TEST_CASE("what is renamed and has nothing of any type is denied, with the SOA record") {
    Fixture fixture(std::string(kSmallZone) + "deep.er.sub A 192.0.2.9\n");
    for (const std::uint16_t type : {std::uint16_t{255}, std::uint16_t{46}}) {
        const auto header = header_of(fixture.ask(query("er.renamed.z.test", type)));
        CHECK(header.answers == 2);  // the DNAME record and what it makes
        CHECK(header.authorities == 1);
    }
}

TEST_CASE("the root is a zone too, and names are as long as they can be") {
    const auto compiled = compile_zones({{".",
                                          "$TTL 60\n@ SOA a. b. 1 2 3 4 5\n@ NS a.\na. A 192.0.2.1\n"
                                          "test. NS ns.test.\nns.test. A 192.0.2.2\n"}});
    REQUIRE(compiled.mistakes == std::vector<std::string>());
    PlacedTable placed(compiled.table);
    const ZoneTable table = *ZoneTable::create(placed.bytes());
    Server server(table, {1, 2});
    alignas(8) static std::byte out[Server::kStreamRoom];
    const auto ask = [&](const std::string& message) {
        const auto reply =
            server.answer(Instant(), 0, {kClient, Server::Transport::kStream}, as_bytes(message), out);
        return std::string(as_text(Bytes(out).first(reply.size)));
    };
    CHECK(header_of(ask(query(".", 2))).answers == 1);
    CHECK(header_of(ask(query("a", 1))).answers == 1);
    CHECK(header_of(ask(query(".", 1))).authorities == 1);
    CHECK(code(ask(query("none.", 1))) == 3);
    const std::string referral = ask(query("x.y.test", 1));
    CHECK(code(referral) == 0);
    CHECK(header_of(referral).authorities == 1);
    CHECK(header_of(referral).additionals == 1);
    CHECK((header_of(referral).flags & DnsHeader::kAuthoritative) == 0);

    std::string many = "x", wide = std::string(61, 'w');
    while (many.size() < 251) many += ".x";  // 126 labels, and one of the zone
    for (int i = 0; i < 3; ++i) wide += "." + std::string(63, 'w');
    CHECK(parse_name(many + ".t", WireName(1, '\0'))->size() == 255);
    CHECK(parse_name(wide, WireName(1, '\0'))->size() == 255);
    CHECK(code(ask(query(many + ".t", 1))) == 3);
    CHECK(code(ask(query(wide, 1))) == 3);
    std::string over = query(wide, 1);
    over[12] = 62;  // a byte more than a name may have
    over.insert(13, "w");
    CHECK(code(ask(over)) == 1);
    std::string label = query("x", 1);
    label[12] = 64;
    CHECK(code(ask(label)) == 1);
}
