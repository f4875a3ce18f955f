// Whole zones, and who is told of them.

#include "services/dns/transfer.h"

#include "services/dns/notify.h"
#include "tests/unit/services/dns/server_fixture.h"

using namespace holm;
using namespace holm::dns;
using net::wire::DnsHeader;

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
    for (std::size_t size; (size = transfer.next(out, 0)) != 0; ++messages)
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
    for (std::size_t size; (size = transfer.next(out, 0)) != 0;)
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
