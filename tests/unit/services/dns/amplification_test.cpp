// What a server lets nobody do with addresses that are not theirs.

#include "tests/unit/services/dns/server_fixture.h"

using namespace holm;
using namespace holm::dns;
using net::wire::DnsHeader;

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
