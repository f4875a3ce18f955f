// What answers look like byte by byte: one RRset for ANY, names compressed, letters as they were written.

#include "tests/unit/services/dns/server_fixture.h"

using namespace holm;
using namespace holm::dns;

namespace {

std::string behind_question(const std::string& answer, const std::string& question) {
    REQUIRE(answer.size() >= question.size());
    return answer.substr(question.size());
}

}  // namespace

TEST_CASE("ANY gets the smallest RRset (RFC 8482, section 4.1)") {
    Fixture fixture;
    const std::string host = query("ns1.z.test", 255);
    CHECK(behind_question(fixture.ask(host), host) ==
          std::string("\xc0\x0c\0\1\0\1\0\0\x0e\x10\0\4\xc0\0\2\1", 16));
    for (const auto transport : {Server::Transport::kDatagram, Server::Transport::kStream}) {
        const auto header = header_of(fixture.ask(query("z.test", 255), transport));
        CHECK(header.answers == 1);
        CHECK(header.authorities == 0);
    }
}

TEST_CASE("names point to names, and keep the letters of the zone") {
    Fixture fixture;
    const std::string asked = query("Z.TEST", 15);
    // 10 Mail.z.test., whose zone is in the question; its address, whose owner is in the record.
    CHECK(behind_question(fixture.ask(asked), asked) ==
          std::string("\xc0\x0c\0\x0f\0\1\0\0\x0e\x10\0\x09\0\x0a\4Mail\xc0\x0c"
                      "\xc0\x26\0\1\0\1\0\0\x0e\x10\0\4\xc0\0\2\2",
                      37));
    // An alias, its target as it is spelled there, and what that has.
    const std::string alias = query("wWw.z.test", 1);
    CHECK(behind_question(fixture.ask(alias), alias) ==
          std::string("\xc0\x0c\0\5\0\1\0\0\x0e\x10\0\x07\4mail\xc0\x10"
                      "\xc0\x28\0\1\0\1\0\0\x0e\x10\0\4\xc0\0\2\2",
                      35));
}

TEST_CASE("who we are is told by CHAOS, if it is to be known (RFC 4892)") {
    ServerSettings settings;
    settings.version_text = "holm";
    Fixture fixture(std::string(kSmallZone), settings);
    for (const char* const name : {"version.bind", "VERSION.server"}) {
        const std::string answer = fixture.ask(query(name, 16, "", 3));
        CHECK(code(answer) == 0);
        CHECK(answer.ends_with("\5\4holm"));
    }
    CHECK(code(fixture.ask(query("id.server", 16, "", 3))) == 5);  // has no text
    CHECK(code(fixture.ask(query("authors.bind", 16, "", 3))) == 5);
    CHECK(code(fixture.ask(query("z.test", 16, "", 4))) == 5);  // HESIOD
}
