// Streams between two layers over an unkind network: whatever happens on the way, each byte arrives once and
// in order, every connection ends, and nothing is left behind.

#include <algorithm>
#include <random>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/seeds.h"
#include "tests/support/tcp/network.h"
#include "tests/support/tcp/talker.h"

namespace holm::net::tcp::test {
namespace {

struct Quality {
    const char* name;
    unsigned loss;        // in 1000
    unsigned repetition;  // in 1000
    unsigned corruption;  // in 1000
    unsigned jitter;      // microseconds
};

void simulate(std::uint32_t seed, const Quality& quality, bool segmentation) {
    CAPTURE(seed);
    const std::string name = quality.name;
    CAPTURE(name);
    CAPTURE(segmentation);
    std::mt19937 random(seed);
    const auto chance = [&](unsigned in_thousand) { return random() % 1000 < in_thousand; };
    Configuration configuration;
    configuration.secret.fill(std::byte(seed));
    configuration.receive_buffer = 4096U << (random() % 7);
    configuration.timestamps = random() % 4 != 0;
    configuration.sack = random() % 4 != 0;
    configuration.window_scale = random() % 4 != 0;
    // A cookie's acknowledgment that is repeated after the connection has ended opens a ghost: that is the
    // price of cookies, so they stay out of the networks that repeat.
    configuration.max_half_open = quality.repetition == 0 && random() % 2 == 0 ? 0 : 16;
    constexpr int kConnections = 4;
    {
        Network network(configuration, segmentation, [&](std::size_t bytes) {
            return Fate{
                .lost = chance(quality.loss),
                .repeated = chance(quality.repetition),
                .flipped_bit = chance(quality.corruption) ? int(random() % (bytes * 8)) : -1,
                .delay = Duration::microseconds(500 + (quality.jitter == 0 ? 0 : random() % quality.jitter))};
        });
        auto listener = *network.b.layer.listen({IpAddress::any_v4(), 80}, 16);
        std::vector<Talker> talkers;
        talkers.reserve(2 * kConnections);
        for (int i = 0; i < kConnections; ++i) {
            Talker& talker = talkers.emplace_back();
            talker.connection = *network.a.layer.connect(network.now(), {IpAddress::v4(10, 0, 0, 2), 80},
                                                         {{}, std::uint16_t(1000 + i)});
            talker.outgoing = std::uint64_t(1000 + i);
            talker.incoming = talker.outgoing + 1000;
            talker.length = random() % 120'000;
        }
        const Instant end = network.now() + Duration::seconds(3600);
        const auto unfinished = [&] {
            return talkers.size() < 2 * kConnections ||
                   std::any_of(
                       talkers.begin(), talkers.end(), [](const Talker& talker) { return !talker.done; });
        };
        // A reader that was slow at the last event gets a few more chances.
        for (int quiet = 0; unfinished() && quiet < 100;) {
            if (!network.step(end)) ++quiet;
            while (auto connection = listener->accept()) {
                Talker& talker = talkers.emplace_back();
                talker.incoming = connection->remote().port;
                talker.outgoing = talker.incoming + 1000;
                talker.length = random() % 120'000;
                talker.connection = std::move(connection);
            }
            for (Talker& talker : talkers) talker.run(random);
        }
        REQUIRE(talkers.size() == 2 * kConnections);
        for (Talker& talker : talkers) {
            CHECK(talker.done);
            CHECK_FALSE(talker.wrong);
            const auto other = std::find_if(talkers.begin(), talkers.end(), [&](const Talker& peer) {
                return peer.outgoing == talker.incoming;
            });
            REQUIRE(other != talkers.end());
            CHECK(talker.received == other->length);
            CHECK(std::string(talker.connection->error() ? talker.connection->error()->what : "") == "");
        }
        for (Talker& talker : talkers) talker.connection = {};
        listener = {};
        while (network.step(end)) {
        }
        for (Host* host : {&network.a, &network.b}) {
            CHECK(host->layer.connections() == 0);
            CHECK(host->layer.time_wait_entries() == 0);
            CHECK(host->layer.buffer_bytes() == 0);
            CHECK(host->layer.next_deadline().is_never());
        }
    }
    CHECK(PacketBuffer::alive == 0);
}

constexpr Quality kQualities[] = {
    {"perfect", 0, 0, 0, 0},
    {"lossy", 30, 0, 0, 0},
    {"very lossy", 150, 0, 0, 2000},
    {"reordering", 0, 0, 0, 20'000},
    {"repeating", 10, 200, 0, 3000},
    {"corrupting", 10, 10, 50, 1000},
    {"everything", 60, 60, 60, 10'000},
};

}  // namespace

TEST_CASE("streams arrive whole over any network") {
    holm::test::for_each_seed(8, [](std::uint32_t seed) {
        for (const Quality& quality : kQualities) simulate(seed, quality, seed % 2 == 0);
    });
}

}  // namespace holm::net::tcp::test
