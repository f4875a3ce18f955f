// What EDNS adds to a query and its answer.

#include "tests/unit/services/dns/server_fixture.h"

using namespace holm;
using namespace holm::dns;

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
