// Flows that share a bottleneck: how much of it they use, how fairly, how much they send again, and how long
// they need to repair what is lost in a fiftieth of a second. The results are committed in bottleneck.table,
// so that a change of congestion control or loss recovery shows as a difference. HOLM_UPDATE_TABLES=1 writes
// it anew.

#include <cstdlib>
#include <format>
#include <fstream>
#include <iterator>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/tcp/world.h"

namespace holm::net::tcp::test {
namespace {

struct Scenario {
    const char* name;
    LinkShape shape;  // of the way forward; the way back is the same without a rate
};

constexpr Duration kWarmUp = Duration::seconds(2);
constexpr Duration kMeasured = Duration::seconds(5);

constexpr std::uint64_t kMega = 1'000'000;
const Scenario kScenarios[] = {
    {"clean", {.bits_per_second = 20 * kMega, .queue = 64U << 10U, .delay = Duration::milliseconds(10)}},
    {"deep queue",
     {.bits_per_second = 20 * kMega, .queue = 512U << 10U, .delay = Duration::milliseconds(10)}},
    {"shallow queue",
     {.bits_per_second = 20 * kMega, .queue = 16U << 10U, .delay = Duration::milliseconds(10)}},
    {"far away", {.bits_per_second = 20 * kMega, .queue = 256U << 10U, .delay = Duration::milliseconds(100)}},
    {"loss 0.1 %",
     {.bits_per_second = 20 * kMega,
      .queue = 64U << 10U,
      .delay = Duration::milliseconds(10),
      .lost = 1'000}},
    {"loss 1 %",
     {.bits_per_second = 20 * kMega,
      .queue = 64U << 10U,
      .delay = Duration::milliseconds(10),
      .lost = 10'000}},
    {"bursts",
     {.bits_per_second = 20 * kMega,
      .queue = 64U << 10U,
      .delay = Duration::milliseconds(10),
      .goes_bad = 1'000,
      .recovers = 200'000}},
    {"reordering",
     {.bits_per_second = 20 * kMega,
      .queue = 64U << 10U,
      .delay = Duration::milliseconds(10),
      .reordered = 50'000}},
    {"marking",
     {.bits_per_second = 20 * kMega,
      .queue = 64U << 10U,
      .delay = Duration::milliseconds(10),
      .marked = 2'000}},
};

struct Flow {
    Reference<Connection> sender;
    Reference<Connection> receiver;
    std::uint64_t received = 0;
    std::uint64_t before = 0;
};

std::string measure(const Scenario& scenario, CongestionAlgorithm algorithm, std::size_t count) {
    Configuration configuration;
    configuration.secret.fill(std::byte{3});
    configuration.congestion = algorithm;
    configuration.ecn = Ecn::kRequest;
    LinkShape back = scenario.shape;
    back.bits_per_second = 0;
    back.lost = back.goes_bad = back.marked = 0;
    World world(count, configuration, false, scenario.shape, back, 7);
    std::vector<Flow> flows(count);
    std::vector<Reference<Listener>> listeners;
    static const std::vector<std::byte> kBytes(1U << 20U);
    for (std::size_t i = 0; i < count; ++i) {
        listeners.push_back(*world.right(i).layer.listen({IpAddress::any_v4(), 80}, 1));
        flows[i].sender = *world.left(i).layer.connect(world.now(), {world.right(i).address(), 80});
    }
    const auto run = [&](Instant end, auto done) {
        do {
            for (std::size_t i = 0; i < count; ++i) {
                Flow& flow = flows[i];
                if (!flow.receiver) flow.receiver = listeners[i]->accept();
                while (flow.sender->unacknowledged_bytes() < kBytes.size())
                    if (!flow.sender->send_reference(kBytes, nullptr)) break;
                while (flow.receiver && flow.receiver->readable_bytes() > 0) {
                    flow.received += flow.receiver->readable().size();
                    flow.receiver->consume(flow.receiver->readable().size());
                }
            }
        } while (!done() && world.step(end));
    };
    const auto never = [] { return false; };
    run(world.now() + kWarmUp, never);
    const auto retransmissions = [&] {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < count; ++i) sum += world.left(i).layer.statistics().retransmissions;
        return sum;
    };
    const auto segments = [&] {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < count; ++i) sum += world.left(i).layer.statistics().segments_out;
        return sum;
    };
    const std::uint64_t again = retransmissions();
    const std::uint64_t all = segments();
    for (Flow& flow : flows) flow.before = flow.received;
    run(world.now() + kMeasured, never);

    double sum = 0;
    double squares = 0;
    for (const Flow& flow : flows) {
        const auto bytes = double(flow.received - flow.before);
        sum += bytes;
        squares += bytes * bytes;
    }
    const double rate = double(scenario.shape.bits_per_second) / 8 * double(kMeasured.as_seconds());
    const double fairness = sum * sum / (double(count) * squares);
    const double resent = double(retransmissions() - again) * 100 / double(segments() - all);

    // The link is down for 20 ms: everything that was sent until then is acknowledged after:
    world.forward().lose(world.now() + Duration::milliseconds(20));
    const Instant lost_at = world.now();
    std::vector<Seq> goals;
    for (const Flow& flow : flows) goals.push_back(flow.sender->sender().next_sequence() + 8 * 1460);
    run(world.now() + Duration::seconds(60), [&] {
        for (std::size_t i = 0; i < count; ++i)
            if (flows[i].sender->sender().una() < goals[i]) return false;
        return true;
    });
    const auto recovery = (world.now() - lost_at).as_milliseconds();
    return std::format("{:14} {:5} {:5} {:6.1f} {:8.3f} {:8.2f} {:8}\n", scenario.name,
                       algorithm == CongestionAlgorithm::kCubic ? "cubic" : "reno", count, sum * 100 / rate,
                       fairness, resent, recovery);
}

}  // namespace

TEST_CASE("flows that share a bottleneck do as the table says") {
    std::string table = "path           algo  flows used(%)  fairness resent(%) repair(ms)\n";
    for (const Scenario& scenario : kScenarios)
        for (const auto algorithm : {CongestionAlgorithm::kCubic, CongestionAlgorithm::kReno})
            for (const std::size_t flows : {1, 8}) table += measure(scenario, algorithm, flows);
    table += measure(kScenarios[0], CongestionAlgorithm::kCubic, 32);

    const std::string path = HOLM_SOURCE_DIR "/tests/simulation/tcp/bottleneck.table";
    if (std::getenv("HOLM_UPDATE_TABLES") != nullptr) std::ofstream(path) << table;
    std::ifstream file(path);
    const std::string committed(std::istreambuf_iterator<char>(file), {});
    CHECK_MESSAGE(table == committed, "HOLM_UPDATE_TABLES=1 writes this one:\n" << table);
}

}  // namespace holm::net::tcp::test
