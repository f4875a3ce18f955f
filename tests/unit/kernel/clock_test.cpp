#include "kernel/time/clock.h"

#include <cstdlib>

#include <doctest/doctest.h>

#include "kernel/time/discipline.h"

namespace holm::test {
namespace {

// A host whose true frequency differs from what the tender measured, and whose samples are off by some noise.
struct Host {
    double true_hz;
    double noise_ns;
    std::uint32_t random = 1;

    HostSample sample_at(std::int64_t ns) {
        random = random * 1664525u + 1013904223u;
        const double noise = (random / 4294967296.0 - 0.5) * 2 * noise_ns;
        return {static_cast<std::uint64_t>(static_cast<double>(ns) * true_hz / 1e9 + noise * true_hz / 1e9),
                ns};
    }
};

TEST_CASE("a rate is exact over years and does not go back before its start") {
    const Rate rate(1000, 5, Rate::multiplier_for(1'000'000'000));
    CHECK(rate.at(1000) == 5);
    CHECK(rate.at(900) == 5);
    CHECK(rate.at(1000 + 1'000'000) == 1'000'005);
    const std::uint64_t ten_years = 315'360'000ull * 1'000'000'000;
    CHECK(rate.at(1000 + ten_years) == static_cast<std::int64_t>(ten_years) + 5);
}

TEST_CASE("the discipline finds the frequency and never lets the clock go back") {
    for (const double error_ppm : {-20000.0, -300.0, 0.0, 300.0, 20000.0}) {
        CAPTURE(error_ppm);
        Host host{2'300'000'000.0, 100.0};
        const auto measured = static_cast<std::uint64_t>(host.true_hz * (1 + error_ppm / 1e6));
        Rate rate(0, 0, Rate::multiplier_for(measured));
        Discipline discipline(rate);
        std::int64_t now = 0;
        std::int64_t last = 0;
        for (int i = 0; i < 40; ++i) {
            now += discipline.interval().as_nanoseconds();
            const HostSample sample = host.sample_at(now);
            const std::int64_t before = rate.at(sample.tsc);
            CHECK(before >= last);
            rate = discipline.update(rate, sample);
            CHECK(rate.at(sample.tsc) >= before);
            last = rate.at(sample.tsc);
            if (i > 8) CHECK(std::abs(rate.at(sample.tsc) - now) < 2000);
        }
        const double found_ppm =
            (static_cast<double>(rate.multiplier) / (1099511627776e9 / host.true_hz) - 1) * 1e6;
        CHECK(std::abs(found_ppm) < 0.1);
    }
}

TEST_CASE("a clock that was ahead is not slowed down longer than it must") {
    Host host{1'000'000'000.0, 0.0};
    Rate rate(0, 0, Rate::multiplier_for(1'000'000'000));
    Discipline discipline(rate);
    for (int i = 0; i < 6; ++i) rate = discipline.update(rate, host.sample_at((i + 1) * 1'000'000'000ll));
    rate.nanoseconds += 10'000'000;  // 10 ms ahead
    rate = discipline.update(rate, host.sample_at(7'000'000'000));
    // The instance then sleeps for an hour.
    const std::int64_t hour = 3'607'000'000'000;
    CHECK(std::abs(rate.at(static_cast<std::uint64_t>(hour)) - hour) < 1000);
}

TEST_CASE("a clock that is far behind catches up at once") {
    Host host{1'000'000'000.0, 0.0};
    Rate rate(0, -1'000'000'000, Rate::multiplier_for(1'000'000'000));
    Discipline discipline(rate);
    rate = discipline.update(rate, host.sample_at(1'000'000'000));
    CHECK(rate.at(1'000'000'000) == 1'000'000'000);
}

TEST_CASE("a host clock that stands still changes nothing") {
    Rate rate(0, 0, Rate::multiplier_for(1'000'000'000));
    Discipline discipline(rate);
    const Rate next = discipline.update(rate, {5000, 0});
    CHECK(next.at(5000) == 5000);
    CHECK(next.multiplier == rate.multiplier);
}

}  // namespace
}  // namespace holm::test
