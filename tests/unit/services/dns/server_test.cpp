// The server beside the differential test (tests/interop/test_dns.py): limits, options, transfers, sizes.

#include "services/dns/server.h"

#include <cstddef>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "net/wire/dns.h"
#include "net/wire/layout.h"
#include "services/dns/message_writer.h"
#include "services/dns/notify.h"
#include "services/dns/transfer.h"
#include "tests/support/dns/zones.h"

using namespace holm;
using namespace holm::dns;
using net::wire::DnsHeader;

namespace {

const net::IpAddress kClient = net::IpAddress::v4(192, 0, 2, 99);

std::string query(const std::string& name, std::uint16_t type, const std::string& additional = "",
                  std::uint16_t kind = 1) {
    std::string text("\x12\x34\1\0\0\1\0\0\0\0\0\0", 12);
    text[11] = additional.empty() ? 0 : 1;
    text += *parse_name(name, WireName(1, '\0'));
    text += {static_cast<char>(type >> 8), static_cast<char>(type), static_cast<char>(kind >> 8),
             static_cast<char>(kind)};
    return text + additional;
}

std::string opt(std::uint16_t size, std::uint8_t version = 0, const std::string& options = "") {
    return std::string("\0\0\x29", 3) + static_cast<char>(size >> 8) + static_cast<char>(size) + '\0' +
           static_cast<char>(version) + std::string(3, '\0') + static_cast<char>(options.size()) + options;
}

struct Fixture {
    explicit Fixture(const std::string& zone = std::string(kSmallZone), ServerSettings settings = {},
                     const std::vector<table::Network>& transfer = {})
        : compiled(compile_zones({{"z.test", zone}}, settings, {}, transfer)),
          placed(compiled.table),
          table(*ZoneTable::create(placed.bytes())) {
        REQUIRE(compiled.mistakes == std::vector<std::string>());
    }
    std::string ask(const std::string& message, Server::Transport transport = Server::Transport::kDatagram) {
        alignas(8) static std::byte out[Server::kStreamRoom];
        const auto reply = server.answer(now, 1000, {kClient, transport}, as_bytes(message), out);
        return std::string(as_text(Bytes(out).first(reply.size)));
    }
    CompiledZones compiled;
    PlacedTable placed;
    ZoneTable table;
    Server server{table, {1, 2}};
    Instant now = Instant::from_nanoseconds(1'000'000'000);
};

DnsHeader header_of(const std::string& answer) {
    REQUIRE(answer.size() >= sizeof(DnsHeader));
    return net::wire::load<DnsHeader>(as_bytes(answer));
}
unsigned code(const std::string& answer) {
    return header_of(answer).flags & DnsHeader::kCode;
}

}  // namespace

TEST_CASE("the usual answer is the question and a record that points to it") {
    Fixture fixture;
    const std::string asked = query("nS1.z.tEsT", 1);
    const std::string answer = fixture.ask(asked);
    CHECK(answer.substr(12, asked.size() - 12) == asked.substr(12));  // letters as they were sent
    CHECK(answer.substr(asked.size()) == std::string("\xc0\x0c\0\1\0\1\0\0\x0e\x10\0\4\xc0\0\2\1", 16));
    CHECK(header_of(answer).flags ==
          (DnsHeader::kResponse | DnsHeader::kAuthoritative | DnsHeader::kRecursionDesired));
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

TEST_CASE("EDNS: versions, cookies, sizes") {
    Fixture fixture;
    const std::string bad = fixture.ask(query("ns1.z.test", 1, opt(1232, 1)));
    CHECK(code(bad) == 0);
    CHECK(header_of(bad).additionals == 1);
    CHECK(bad[bad.size() - 6] == 1);  // BADVERS is 16: a 1 in the upper bits, none in the header
    CHECK(code(fixture.ask(query("ns1.z.test", 1, opt(1232) + opt(1232)))) == 1);
    CHECK(code(fixture.ask(query("ns1.z.test", 1,
                                 opt(1232, 0,
                                     std::string("\0\x0a\0\7"
                                                 "1234567",
                                                 11))))) == 1);

    const std::string answer = fixture.ask(query("ns1.z.test", 1,
                                                 opt(1232, 0,
                                                     std::string("\0\x0a\0\x08"
                                                                 "client00",
                                                                 12))));
    const std::string cookie = answer.substr(answer.size() - 24);
    CHECK(cookie.starts_with("client00"));
    fixture.ask(query("ns1.z.test", 1, opt(1232, 0, std::string("\0\x0a\0\x18", 4) + cookie)));
    CHECK(fixture.server.counters().bad_cookies == 0);
    std::string wrong = cookie;
    wrong[20] ^= 1;
    fixture.ask(query("ns1.z.test", 1, opt(1232, 0, std::string("\0\x0a\0\x18", 4) + wrong)));
    CHECK(fixture.server.counters().bad_cookies == 1);
}

TEST_CASE("an identity is told only where it fits") {
    Fixture fixture(std::string(kSmallZone), {.identity = std::string(255, 'i')});
    std::string name;
    for (const int size : {63, 63, 63, 54}) name += std::string(size, 'n') + ".";
    const std::string wish("\0\3\0\0", 4);
    CHECK(fixture.ask(query(name + "z.test", 1, opt(512, 0, wish))).size() <= 512);
    CHECK(fixture.ask(query("z.test", 1, opt(512, 0, wish))).contains(std::string(255, 'i')));
}

TEST_CASE("who is not answered hears why, and a stream for how long it is kept") {
    Fixture fixture;
    const auto reason = [](char why) { return std::string("\0\x0f\0\2\0", 5) + why; };
    const std::string refused = fixture.ask(query("other.test", 1, opt(1232)));
    CHECK(code(refused) == 5);
    CHECK(refused.ends_with(std::string("\0\6", 2) + reason(20)));  // the record's size, too
    CHECK_FALSE(fixture.ask(query("other.test", 1)).contains(reason(20)));
    CHECK(fixture.ask(query("z.test", 253, opt(1232))).ends_with(reason(21)));
    CHECK(fixture.ask(query("z.test", 252, opt(1232)), Server::Transport::kStream).ends_with(reason(18)));
    CHECK_FALSE(fixture.ask(query("ns1.z.test", 1, opt(1232))).contains("\x0f"));

    alignas(8) static std::byte out[Server::kStreamRoom];
    const std::string asks = query("ns1.z.test", 1, opt(1232, 0, std::string("\0\x0b\0\0", 4)));
    for (const auto transport : {Server::Transport::kStream, Server::Transport::kDatagram}) {
        const auto reply =
            fixture.server.answer(fixture.now, 1000, {kClient, transport, 100}, as_bytes(asks), out);
        CHECK(as_text(Bytes(out).first(reply.size)).ends_with(std::string("\0\x0b\0\2\0\x64", 6)) ==
              (transport == Server::Transport::kStream));
    }
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

TEST_CASE("too many answers of one kind to one network are dropped or truncated") {
    ServerSettings settings;
    settings.rate = 10;
    settings.slip = 2;
    Fixture fixture(std::string(kSmallZone), settings);
    int full = 0, truncated = 0, dropped = 0;
    for (int i = 0; i < 110; ++i) {
        const std::string answer = fixture.ask(query("ns1.z.test", 1));
        if (answer.empty()) {
            ++dropped;
        } else {
            ++((header_of(answer).flags & DnsHeader::kTruncated) != 0 ? truncated : full);
            if ((header_of(answer).flags & DnsHeader::kTruncated) != 0)
                CHECK(answer.size() == query("ns1.z.test", 1).size());
        }
    }
    CHECK(full == 10);
    CHECK(truncated == 50);
    CHECK(dropped == 50);
    CHECK_FALSE(fixture.ask(query("ns1.z.test", 1), Server::Transport::kStream).empty());
    CHECK_FALSE(fixture.ask(query("Mail.z.test", 1)).empty());  // another answer
    fixture.now = fixture.now + Duration::seconds(1);
    CHECK(header_of(fixture.ask(query("ns1.z.test", 1))).answers == 1);
}

TEST_CASE("names that nobody could list are one kind: what they lead to counts") {
    ServerSettings settings;
    settings.rate = 10;
    settings.slip = 0;
    for (const std::string below : {"wild", "child", "renamed", "nothing"}) {
        Fixture fixture(std::string(kSmallZone), settings);
        int answered = 0;
        for (int i = 0; i < 50; ++i)
            answered +=
                !fixture.ask(query("random" + std::to_string(i) + "." + below + ".z.test", 16)).empty();
        CHECK_MESSAGE(answered == 10, below);
    }
}

TEST_CASE("a zone goes to whom the list names, in messages of any number") {
    std::string zone(kSmallZone);
    for (int i = 0; i < 3000; ++i)
        zone += "host" + std::to_string(i) + " TXT \"" + std::string(40, 'x') + "\"\n";
    for (int i = 0; i < 250; ++i) zone += "huge TXT \"" + std::to_string(i) + std::string(230, 'y') + "\"\n";
    table::Network network{};
    network.address[10] = network.address[11] = 0xff;
    network.address[12] = 192;
    network.prefix_length = 104;
    Fixture fixture(zone, {}, {network});
    alignas(8) static std::byte out[Server::kStreamRoom];
    const std::string asked = query("z.test", 252);
    const auto refused = fixture.server.answer(
        fixture.now, 0, {net::IpAddress::v4(10, 0, 0, 1), Server::Transport::kStream}, as_bytes(asked), out);
    CHECK(refused.transfer == nullptr);
    CHECK((std::to_integer<unsigned>(out[3]) & 15) == 5);
    const auto reply =
        fixture.server.answer(fixture.now, 0, {kClient, Server::Transport::kStream}, as_bytes(asked), out);
    REQUIRE(reply.transfer != nullptr);
    Transfer transfer(fixture.table, *reply.transfer, fixture.server.query());
    std::size_t records = 0, messages = 0;
    for (std::size_t size; (size = transfer.next(out)) != 0; ++messages)
        records += header_of(std::string(as_text(Bytes(out).first(size)))).answers;
    CHECK(records == 18 + 3000 + 250 + 1);  // the SOA record twice
    CHECK(messages > 10);
}

TEST_CASE("a long list of a long name is in the zone's transfer") {
    std::string zone(kSmallZone);
    const std::string name = std::string(60, 'n') + '.' + std::string(60, 'm');
    for (int i = 0; i < 4000; ++i)
        zone += name + " A 10.0." + std::to_string(i / 250) + '.' + std::to_string(i % 250) + '\n';
    table::Network anyone{};
    Fixture fixture(zone, {}, {anyone});
    alignas(8) static std::byte out[Server::kStreamRoom];
    const std::string asked = query("z.test", 252);
    const auto reply =
        fixture.server.answer(fixture.now, 0, {kClient, Server::Transport::kStream}, as_bytes(asked), out);
    REQUIRE(reply.transfer != nullptr);
    Transfer transfer(fixture.table, *reply.transfer, fixture.server.query());
    std::size_t records = 0;
    for (std::size_t size; (size = transfer.next(out)) != 0;)
        records += header_of(std::string(as_text(Bytes(out).first(size)))).answers;
    CHECK(records == 18 + 4000 + 1);
}

TEST_CASE("who asks for the differences and has this version gets the SOA record alone") {
    table::Network anyone{};
    Fixture fixture(std::string(kSmallZone), {}, {anyone});
    alignas(8) static std::byte out[Server::kStreamRoom];
    const auto ask = [&](std::uint32_t serial) {
        std::string asked = query("z.test", 251);
        asked[9] = 1;  // in the authority section
        asked += std::string("\xc0\x0c\0\6\0\1\0\0\0\0\0\x16\0\0", 14);
        for (int shift = 24; shift >= 0; shift -= 8) asked += static_cast<char>(serial >> shift);
        asked += std::string(16, '\0');
        return fixture.server.answer(fixture.now, 0, {kClient, Server::Transport::kStream}, as_bytes(asked),
                                     out);
    };
    CHECK(ask(0).transfer != nullptr);
    CHECK(ask(0x9000'0001).transfer != nullptr);  // before 1, as serials are compared
    for (const std::uint32_t serial : {1u, 2u, 0x8000'0000u}) {
        const auto reply = ask(serial);
        CHECK(reply.transfer == nullptr);
        const std::string answer(as_text(Bytes(out).first(reply.size)));
        CHECK(code(answer) == 0);
        CHECK(header_of(answer).answers == 1);
    }
    // Without a record to say what is there: all of it.
    CHECK(fixture.server
              .answer(fixture.now, 0, {kClient, Server::Transport::kStream}, as_bytes(query("z.test", 251)),
                      out)
              .transfer != nullptr);
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

TEST_CASE("NOTIFY, and its answer") {
    Fixture fixture;
    std::array<std::byte, 512> message;
    const std::size_t size = make_notify(fixture.table, fixture.table.zones()[0], 77, message);
    std::string answer(as_text(Bytes(message).first(size)));
    CHECK(header_of(answer).flags == (0x2000 | DnsHeader::kAuthoritative));
    CHECK(code(fixture.ask(answer)) == 9);  // to us nobody is a primary
    CHECK_FALSE(answers_notify(fixture.table, fixture.table.zones()[0], 77, as_bytes(answer)));
    answer[2] |= static_cast<char>(0x80);
    CHECK(answers_notify(fixture.table, fixture.table.zones()[0], 77, as_bytes(answer)));
    CHECK_FALSE(answers_notify(fixture.table, fixture.table.zones()[0], 78, as_bytes(answer)));
}

TEST_CASE("an RRset is the same where pointers do not reach, only longer") {
    std::string zone(kSmallZone);
    for (int i = 0; i < 20; ++i) zone += "ptr PTR host" + std::to_string(i) + ".far.away.test.\n";
    Fixture fixture(zone);
    NameKey name;
    const auto wire = *parse_name("ptr.z.test", WireName(1, '\0'));
    name.assign(as_bytes(wire));
    const NodeView node = fixture.table.find(fixture.table.zones()[0], name, 0);
    const SetView set = fixture.table.set(node.find(12)->set);
    alignas(8) static std::byte out[Server::kStreamRoom];
    MessageWriter writer(out, as_bytes(query("ptr.z.test", 12)).subspan(12), wire.size());
    writer.set_apex(8);
    REQUIRE(writer.add(Section::kAnswer, set, {}));
    const std::size_t compressed = writer.size();
    while (writer.size() < MessageWriter::kPointerRange) REQUIRE(writer.add(Section::kAnswer, set, {}));
    const std::size_t before = writer.size();
    REQUIRE(writer.add(Section::kAnswer, set, {}));
    // "far.away.test." stands in full 20 times: 15 bytes instead of 2, but for the first.
    CHECK(writer.size() - before == compressed - (12 + wire.size() + 4) + 19 * 13);
}

TEST_CASE("a table that is none is refused") {
    Fixture fixture;
    CHECK_FALSE(ZoneTable::create(fixture.placed.bytes().first(40)));
    CHECK_FALSE(ZoneTable::create(fixture.placed.bytes().first(fixture.placed.bytes().size() - 1)));
    const std::size_t udp_size = offsetof(table::Header, udp_size);
    const std::byte upper = std::exchange(fixture.placed.bytes()[udp_size + 1], std::byte{1});
    CHECK_FALSE(ZoneTable::create(fixture.placed.bytes()));  // fewer than 512 bytes
    fixture.placed.bytes()[udp_size + 1] = upper;
    CHECK(ZoneTable::create(fixture.placed.bytes()));
    fixture.placed.bytes()[0] = std::byte{'x'};
    CHECK_FALSE(ZoneTable::create(fixture.placed.bytes()));
}
