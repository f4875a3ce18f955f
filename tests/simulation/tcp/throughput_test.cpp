// How fast a stream of 4 MB goes through a bottleneck, by rate, round trip, queue and loss: the results are
// committed beside this file, so that a change of congestion control or loss recovery shows as a difference.
// HOLM_UPDATE_TABLES=1 writes them anew.

#include <cstdlib>
#include <format>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/tcp/network.h"

namespace holm::net::tcp::test {
namespace {

struct Path {
    unsigned megabits;         // a second
    unsigned round_trip;       // milliseconds, without queueing
    unsigned queue;            // KiB, drop tail
    unsigned loss_per_myriad;  // random, of data segments
    bool sack;
};

constexpr std::size_t kStream = 4U << 20U;

// A link that sends one packet after the other and drops what finds its queue full.
class Bottleneck {
  public:
    explicit Bottleneck(const Path& path) : path_(path) {}

    Fate judge(Instant now, std::size_t segment_bytes) {
        Fate fate{.delay = Duration::microseconds(path_.round_trip * 500)};
        if (segment_bytes < 200) return fate;  // acknowledgments have a way of their own
        const auto transmission =
            Duration::nanoseconds(std::int64_t(segment_bytes + 34) * 8000 / path_.megabits);
        busy_until_ = std::max(busy_until_, now);
        const Duration waiting = busy_until_ - now;
        const std::int64_t queued = waiting.as_nanoseconds() * path_.megabits / 8000;
        fate.lost = queued > std::int64_t{path_.queue} * 1024 || random_() % 10'000 < path_.loss_per_myriad;
        if (fate.lost) return fate;
        busy_until_ = busy_until_ + transmission;
        fate.delay = fate.delay + waiting + transmission;
        return fate;
    }

  private:
    Path path_;
    std::mt19937 random_{7};
    Instant busy_until_;
};

std::string measure(const Path& path) {
    Configuration configuration;
    configuration.secret.fill(std::byte{3});
    configuration.sack = path.sack;
    configuration.receive_buffer = 4U << 20U;
    Bottleneck bottleneck(path);
    Network* self = nullptr;
    Network network(configuration, false,
                    [&](std::size_t bytes) { return bottleneck.judge(self->now(), bytes); });
    self = &network;
    auto listener = *network.b.layer.listen({IpAddress::any_v4(), 80}, 1);
    auto client = *network.a.layer.connect(network.now(), {IpAddress::v4(10, 0, 0, 2), 80}, {{}, 1000});
    static const std::vector<std::byte> kBytes(kStream);
    REQUIRE(client->send_reference(kBytes, nullptr));
    const Instant begin = network.now();
    Reference<Connection> server;
    std::size_t received = 0;
    while (received < kStream) {
        REQUIRE(network.step(begin + Duration::seconds(3600)));
        if (!server) server = listener->accept();
        while (server && server->readable_bytes() > 0) {
            received += server->readable().size();
            server->consume(server->readable().size());
        }
    }
    const std::int64_t elapsed = (network.now() - begin).as_milliseconds();
    const double used = double(kStream) * 8 / 1000 / double(elapsed) / path.megabits * 100;
    return std::format("{:7} {:7} {:6} {:8.2f} {:5} {:8} {:6.1f} {:7}\n", path.megabits, path.round_trip,
                       path.queue, path.loss_per_myriad / 100.0, path.sack ? "yes" : "no", elapsed, used,
                       network.a.layer.statistics().retransmissions);
}

}  // namespace

TEST_CASE("throughput over a bottleneck is what the table says") {
    std::string table = " Mbit/s rtt(ms) q(KiB)  loss(%)  sack time(ms) used(%) resent\n";
    for (const auto& [megabits, round_trip, queue] : {std::array{10U, 20U, 64U}, std::array{10U, 100U, 128U},
                                                      std::array{100U, 20U, 256U}, std::array{100U, 5U, 32U}})
        for (const unsigned loss : {0U, 10U, 100U, 500U})
            for (const bool sack : {true, false}) table += measure({megabits, round_trip, queue, loss, sack});

    const std::string path = HOLM_SOURCE_DIR "/tests/simulation/tcp/throughput.table";
    if (std::getenv("HOLM_UPDATE_TABLES") != nullptr) std::ofstream(path) << table;
    std::ifstream file(path);
    const std::string committed(std::istreambuf_iterator<char>(file), {});
    CHECK_MESSAGE(table == committed, "HOLM_UPDATE_TABLES=1 writes this one:\n" << table);
}

}  // namespace holm::net::tcp::test
