// Worlds of 2 to 64 stacks around one bottleneck with everything wrong that a link can have: each stream
// arrives whole, every connection ends, memory stays within its bounds, and nothing is left behind.

#include <algorithm>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/seeds.h"
#include "tests/support/tcp/talker.h"
#include "tests/support/tcp/world.h"

namespace holm::net::tcp::test {
namespace {

constexpr std::size_t kBufferBound = 4U << 20U;  // of a stack

LinkShape random_shape(std::mt19937& random) {
    const auto sometimes = [&](std::uint32_t in_million) -> std::uint32_t {
        return random() % 2 == 0 ? std::uint32_t(random()) % in_million : 0U;
    };
    return {.bits_per_second = random() % 3 == 0 ? 0 : 1'000'000ULL << (random() % 9),
            .queue = 16'384U << (random() % 6),
            .delay = Duration::microseconds(50 << (random() % 10)),
            .jitter = Duration::microseconds(random() % 2 == 0 ? 0 : random() % 20'000),
            .lost = sometimes(50'000),
            .repeated = sometimes(20'000),
            .corrupted = sometimes(10'000),
            .reordered = sometimes(200'000),
            .marked = sometimes(20'000),
            .goes_bad = sometimes(5'000),
            .recovers = 50'000 + std::uint32_t(random() % 400'000)};
}

Configuration random_configuration(std::mt19937& random, std::uint32_t seed, bool repeats) {
    Configuration configuration;
    configuration.secret.fill(std::byte(seed));
    configuration.max_buffer_bytes = kBufferBound;
    // A link that has gone bad recovers by the packet: a lone connection may need many to get one through.
    configuration.user_timeout = configuration.connect_timeout = configuration.half_open_timeout =
        Duration::seconds(3600);
    configuration.receive_buffer = 8192U << (random() % 6);
    configuration.timestamps = random() % 4 != 0;
    configuration.sack = random() % 4 != 0;
    configuration.window_scale = random() % 4 != 0;
    configuration.pacing = random() % 2 == 0;
    configuration.ecn = Ecn(random() % 3);
    configuration.congestion = random() % 2 == 0 ? CongestionAlgorithm::kCubic : CongestionAlgorithm::kReno;
    // A repeated acknowledgment of a cookie opens a ghost: see streams_test.cpp.
    configuration.max_half_open = !repeats && random() % 2 == 0 ? 0 : 16;
    return configuration;
}

void check_bounds(World& world) {
    world.for_each([](Stack& stack) {
        REQUIRE(stack.layer.buffer_bytes() <= kBufferBound);
        REQUIRE(stack.layer.connections() <= 8);
    });
}

void simulate(std::uint32_t seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const std::size_t pairs = std::size_t{1} << (random() % 6);
    const LinkShape forward = random_shape(random);
    const LinkShape back = random_shape(random);
    const Configuration configuration =
        random_configuration(random, seed, forward.repeated + back.repeated > 0);
    const std::size_t most = std::max<std::size_t>(200'000 / pairs, 4'000);
    {
        World world(pairs, configuration, random() % 2 == 0, forward, back, seed);
        std::vector<Reference<Listener>> listeners;
        std::deque<Talker> talkers;
        const auto add = [&](Reference<Connection> connection, std::uint64_t outgoing,
                             std::uint64_t incoming) {
            talkers.push_back({.connection = std::move(connection),
                               .outgoing = outgoing,
                               .incoming = incoming,
                               .length = random() % most});
        };
        const std::size_t connections = 1 + random() % 3;  // of each pair
        for (std::size_t i = 0; i < pairs; ++i) {
            listeners.push_back(*world.right(i).layer.listen({IpAddress::any_v4(), 80}, 8));
            for (std::size_t k = 0; k < connections; ++k) {
                const auto port = std::uint16_t(1000 + i * 10 + k);
                add(*world.left(i).layer.connect(world.now(), {world.right(i).address(), 80}, {{}, port}),
                    port, port + 1000U);
            }
        }
        const std::size_t expected = 2 * pairs * connections;
        const Instant end = world.now() + Duration::seconds(7200);
        const auto unfinished = [&] {
            return talkers.size() < expected ||
                   std::any_of(
                       talkers.begin(), talkers.end(), [](const Talker& talker) { return !talker.done; });
        };
        for (int quiet = 0, steps = 0; unfinished() && quiet < 100; ++steps) {
            if (!world.step(end)) ++quiet;
            for (auto& listener : listeners)
                while (auto connection = listener->accept()) {
                    const std::uint64_t port = connection->remote().port;
                    add(std::move(connection), port + 1000, port);
                }
            for (Talker& talker : talkers) talker.run(random);
            if (steps % 64 == 0) check_bounds(world);
        }
        REQUIRE(talkers.size() == expected);
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
        listeners.clear();
        while (world.step(end)) {
        }
        world.for_each([](Stack& stack) {
            CHECK(stack.layer.connections() == 0);
            CHECK(stack.layer.orphans() == 0);
            CHECK(stack.layer.time_wait_entries() == 0);
            CHECK(stack.layer.buffer_bytes() == 0);
            CHECK(stack.layer.next_deadline().is_never());
        });
    }
    CHECK(PacketBuffer::alive == 0);
}

}  // namespace

TEST_CASE("worlds of stacks carry every stream whole and leave nothing behind") {
    holm::test::for_each_seed(24, simulate);
}

}  // namespace holm::net::tcp::test
