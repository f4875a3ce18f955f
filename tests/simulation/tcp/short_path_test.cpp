// How fast streams of 4 MB go over a path that loses packets both ways and has next to no delay. Sending
// takes a tenth of a second there; the rest is waiting for timers, so that the table shows which loss needs
// one. The results are committed beside this file; HOLM_UPDATE_TABLES=1 writes them anew.

#include <cstdlib>
#include <format>
#include <fstream>
#include <iterator>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/tcp/world.h"

namespace holm::net::tcp::test {
namespace {

constexpr std::size_t kStream = 4U << 20U;
constexpr std::uint32_t kStreams = 8;

struct Outcome {
    std::int64_t milliseconds = 0;
    std::uint64_t resent = 0;
};

Outcome carry(Duration round_trip, std::uint32_t lost, std::uint32_t seed) {
    Configuration configuration;
    configuration.secret.fill(std::byte{3});
    const LinkShape shape{
        .bits_per_second = 2'000'000'000, .queue = 1U << 20U, .delay = round_trip / 2, .lost = lost};
    World world(1, configuration, false, shape, shape, seed);
    auto listener = *world.right(0).layer.listen({IpAddress::any_v4(), 80}, 1);
    auto client = *world.left(0).layer.connect(world.now(), {world.right(0).address(), 80}, {{}, 1000});
    static const std::vector<std::byte> kBytes(kStream);
    REQUIRE(client->send_reference(kBytes, nullptr));
    const Instant begin = world.now();
    Reference<Connection> server;
    std::size_t received = 0;
    while (received < kStream) {
        REQUIRE(world.step(begin + Duration::seconds(600)));
        if (!server) server = listener->accept();
        while (server && server->readable_bytes() > 0) {
            received += server->readable().size();
            server->consume(server->readable().size());
        }
    }
    return {(world.now() - begin).as_milliseconds(), world.left(0).layer.statistics().retransmissions};
}

}  // namespace

TEST_CASE("throughput over a short path that loses packets is what the table says") {
    std::string table = std::format("{} streams of 4 MB\nrtt(us)  loss(%)  time(ms)  resent\n", kStreams);
    for (const std::int64_t round_trip : {50, 1'000, 5'000})
        for (const std::uint32_t lost : {1'000U, 10'000U, 50'000U}) {
            Outcome sum;
            for (std::uint32_t seed = 1; seed <= kStreams; ++seed) {
                const Outcome one = carry(Duration::microseconds(round_trip), lost, seed * 10);
                sum.milliseconds += one.milliseconds;
                sum.resent += one.resent;
            }
            table += std::format("{:7} {:8.1f} {:9} {:7}\n", round_trip, lost / 10'000.0, sum.milliseconds,
                                 sum.resent);
        }
    const std::string path = HOLM_SOURCE_DIR "/tests/simulation/tcp/short_path.table";
    if (std::getenv("HOLM_UPDATE_TABLES") != nullptr) std::ofstream(path) << table;
    std::ifstream file(path);
    const std::string committed(std::istreambuf_iterator<char>(file), {});
    CHECK_MESSAGE(table == committed, "HOLM_UPDATE_TABLES=1 writes this one:\n" << table);
}

}  // namespace holm::net::tcp::test
