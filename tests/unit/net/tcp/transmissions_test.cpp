#include "net/tcp/recovery/transmissions.h"

#include <map>
#include <random>
#include <string>

#include <doctest/doctest.h>

namespace holm::net::tcp {
namespace {

Instant at(int milliseconds) {
    return Instant::from_nanoseconds(std::int64_t{milliseconds} * 1'000'000);
}

SeqRange range(std::uint32_t begin, std::uint32_t end) {
    return {Seq(begin), Seq(end)};
}

std::string show(const Transmissions& transmissions) {
    std::string text;
    for (const Transmitted& run : transmissions.runs()) {
        text += std::to_string(run.begin.value()) + "-" + std::to_string(run.end.value());
        if (run.sacked) text += "s";
        if (run.lost) text += "l";
        if (run.under_way) text += "u";
        if (run.repeated) text += "r";
        text += " ";
    }
    return text;
}

struct Fixture {
    ChunkPool pool{heap_memory(), 1U << 20U};
    Transmissions log{pool};
    std::uint32_t delivered = 0;
    void acknowledge(std::uint32_t una) {
        log.acknowledge(Seq(una), [&](const Transmitted& run) { delivered += run.size(); });
    }
    void select(std::uint32_t begin, std::uint32_t end) {
        log.select(range(begin, end), [&](const Transmitted& run) { delivered += run.size(); });
    }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "what is sent together shares a run until it is told apart") {
    log.append(range(0, 100), at(1));
    log.append(range(100, 200), at(1));
    log.append(range(200, 300), at(2));
    CHECK(show(log) == "0-200 200-300 ");
    select(50, 150);
    CHECK(show(log) == "0-50 50-150s 150-200 200-300 ");
    CHECK(delivered == 100);
    CHECK(log.sacked() == 100);
    select(50, 150);
    CHECK(delivered == 100);
    acknowledge(120);
    CHECK(show(log) == "120-150s 150-200 200-300 ");
    CHECK(delivered == 150);
    CHECK(log.sacked() == 30);
    acknowledge(300);
    CHECK(log.empty());
    CHECK(log.sacked() == 0);
    CHECK(pool.bytes_in_use() == 0);
}

TEST_CASE_FIXTURE(Fixture, "lost bytes are found segment by segment and counted") {
    log.append(range(0, 1000), at(1));
    log.append(range(1000, 1500), at(2));
    log.mark_lost(0);
    CHECK(log.lost() == 1000);
    REQUIRE(log.next_lost(300) == 0);
    CHECK(log.runs()[0].size() == 300);
    log.sent_again(range(0, 300), at(3));
    CHECK(log.under_way() == 300);
    CHECK(show(log) == "0-300lur 300-1000l 1000-1500 ");
    REQUIRE(log.next_lost(300) == 1);
    // Its beginning only, if a device's limits cut it short.
    log.sent_again(range(300, 400), at(3));
    CHECK(show(log) == "0-300lur 300-400lur 400-600l 600-1000l 1000-1500 ");
    select(300, 400);
    CHECK(log.lost() == 900);
    CHECK(log.under_way() == 300);
    log.mark_lost(0);
    CHECK(log.under_way() == 0);
    log.forgive();
    CHECK(log.lost() == 0);
    CHECK(log.next_lost(300) == -1);
}

TEST_CASE_FIXTURE(Fixture, "the tail is the last that the peer lacks") {
    log.append(range(0, 1000), at(1));
    log.append(range(1000, 1500), at(2));
    select(1400, 1500);
    REQUIRE(log.tail(300) >= 0);
    CHECK(show(log) == "0-1000 1000-1100 1100-1400 1400-1500s ");
    log.forget_selections();
    CHECK(log.sacked() == 0);
    CHECK(log.sacked_runs() == 0);
}

// Whatever is done in whatever order, the runs cover what is outstanding without gaps, and the sums are
// right.
TEST_CASE("transmissions stay whole when there are too many") {
    for (const std::size_t bound : {std::size_t{0}, std::size_t{2048}, std::size_t{1} << 20U}) {
        std::mt19937 random(7);
        ChunkPool pool(heap_memory(), bound);
        Transmissions log(pool);
        const std::uint32_t start = 0xffff'0000;  // wraps round
        Seq una(start);
        Seq next(start);
        for (int step = 0; step < 4'000; ++step) {
            const auto some = [&](std::uint32_t most) { return 1 + std::uint32_t(random()) % most; };
            switch (random() % 8) {
                case 0:
                case 1:
                case 2:
                    if (distance(una, next) < 500'000) {
                        const SeqRange sent{next, next + some(1448)};
                        log.append(sent, at(step));
                        next = sent.end;
                    }
                    break;
                case 3:
                    if (random() % 20 == 0 && una < next) {
                        una = earlier(next, una + some(20'000));
                        log.acknowledge(una, [](const Transmitted&) {});
                    }
                    break;
                case 4:
                case 5:
                    if (una < next) {
                        const Seq begin = una + std::uint32_t(random()) % distance(una, next);
                        log.select({begin, earlier(next, begin + some(300))}, [](const Transmitted&) {});
                    }
                    break;
                case 6:
                    if (!log.empty()) {
                        const auto index = random() % log.runs().size();
                        if (!log.runs()[index].sacked) log.mark_lost(int(index));
                    }
                    break;
                default:
                    if (const int index = log.next_lost(1448); index >= 0) {
                        const Transmitted run = log.runs()[std::size_t(index)];
                        log.sent_again({run.begin, earlier(run.end, run.begin + 1448)}, at(step));
                    }
                    break;
            }
            Seq expected = una;
            std::uint32_t sacked = 0;
            std::uint32_t lost = 0;
            std::uint32_t under_way = 0;
            int sacked_runs = 0;
            for (const Transmitted& run : log.runs()) {
                REQUIRE(run.begin == expected);
                REQUIRE(run.begin < run.end);
                expected = run.end;
                if (run.sacked) sacked += run.size(), ++sacked_runs;
                if (run.lost) lost += run.size();
                if (run.under_way) under_way += run.size();
                REQUIRE_FALSE((run.sacked && run.lost));
            }
            REQUIRE(expected == next);
            REQUIRE(sacked == log.sacked());
            REQUIRE(sacked_runs == log.sacked_runs());
            REQUIRE(lost == log.lost());
            REQUIRE(under_way == log.under_way());
            REQUIRE(int(log.runs().size()) <= Transmissions::kMaximumRuns);
        }
        log.clear();
        CHECK(pool.bytes_in_use() == 0);
    }
}

}  // namespace holm::net::tcp
