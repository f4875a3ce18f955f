// Paths that swallow what is too large without a word (RFC 4821): a stream gets through all the same, and in
// the end by segments that are nearly as large as the path takes.

#include <algorithm>

#include <doctest/doctest.h>

#include "net/tcp/path_search.h"
#include "tests/support/tcp/network.h"

namespace holm::net::tcp::test {
namespace {

constexpr std::size_t kStream = 8U << 20U;
constexpr std::size_t kIpHeader = 20;

struct Outcome {
    std::size_t received = 0;
    std::size_t widest = 0;  // IP packet that arrived
    std::uint64_t swallowed = 0;
    std::uint64_t black_holes = 0;
    Duration time;
};

Outcome send_through(std::size_t width) {
    Configuration configuration;
    configuration.secret.fill(std::byte{5});
    configuration.receive_buffer = 256U << 10U;
    Outcome outcome;
    Network* self = nullptr;
    // About 4 Mbit/s, so that the stream lasts longer than a search.
    Instant busy;
    Network network(configuration, false, [&](std::size_t bytes) {
        Fate fate{.delay = Duration::milliseconds(5)};
        const std::size_t packet = bytes + kIpHeader;
        fate.lost = packet > width;
        if (fate.lost) {
            ++outcome.swallowed;
            return fate;
        }
        outcome.widest = std::max(outcome.widest, packet);
        busy = std::max(busy, self->now()) + Duration::microseconds(std::int64_t(bytes) * 2);
        fate.delay = fate.delay + (busy - self->now());
        return fate;
    });
    self = &network;
    auto listener = *network.b.layer.listen({IpAddress::any_v4(), 80}, 1);
    auto client = *network.a.layer.connect(network.now(), {IpAddress::v4(10, 0, 0, 2), 80}, {{}, 1000});
    static const std::vector<std::byte> kBytes(kStream);
    REQUIRE(client->send_reference(kBytes, nullptr));
    const Instant begin = network.now();
    Reference<Connection> server;
    while (outcome.received < kStream) {
        REQUIRE(network.step(begin + Duration::seconds(600)));
        if (!server) server = listener->accept();
        while (server && server->readable_bytes() > 0) {
            outcome.received += server->readable().size();
            server->consume(server->readable().size());
        }
    }
    outcome.time = network.now() - begin;
    outcome.black_holes = network.a.layer.statistics().black_holes;
    return outcome;
}

}  // namespace

TEST_CASE("a path that swallows what is too large is found out, and used nearly as wide as it is") {
    for (const std::size_t width : {600U, 1000U, 1300U, 1420U, 1492U}) {
        CAPTURE(width);
        const Outcome outcome = send_through(width);
        CHECK(outcome.received == kStream);
        CHECK(outcome.black_holes == (width < PathSearch::kBase ? 2 : 1));
        CHECK(outcome.widest + PathSearch::kPrecision >= width);
        // Timeouts at the start, a probe now and then, and nothing else.
        CHECK(outcome.time < Duration::seconds(60));
    }
    const Outcome wide = send_through(1500);
    CHECK(wide.black_holes == 0);
    CHECK(wide.swallowed == 0);
}

}  // namespace holm::net::tcp::test
