#include <cmath>
#include <string>

#include <doctest/doctest.h>

#include "net/tcp/congestion/algorithm.h"

namespace holm::net::tcp {
namespace {

constexpr std::uint32_t kMss = 1000;

Instant at(double seconds) {
    return Instant::from_nanoseconds(std::int64_t(seconds * 1e9));
}

// A round trip in which the whole window is acknowledged, segment by segment.
double round_trip(CongestionControl& control, double now, double rtt, Seq& una) {
    const std::uint32_t window = control.window();
    for (std::uint32_t bytes = 0; bytes + kMss <= window; bytes += kMss) {
        una += kMss;
        control.on_acknowledged({.now = at(now + rtt),
                                 .bytes = kMss,
                                 .window_limited = true,
                                 .smoothed = Duration::nanoseconds(std::int64_t(rtt * 1e9)),
                                 .sample = Duration::nanoseconds(std::int64_t(rtt * 1e9)),
                                 .una = una,
                                 .next = una + window});
    }
    return now + rtt;
}

}  // namespace

TEST_CASE("slow start doubles the window in a round trip") {
    for (const auto algorithm : {CongestionAlgorithm::kCubic, CongestionAlgorithm::kReno}) {
        Congestion control(algorithm);
        control->start(kMss, false);
        CHECK(control->window() == 10 * kMss);
        Seq una;
        round_trip(*control, 0, 0.1, una);
        CHECK(control->window() == 20 * kMss);
        control->start(kMss, true);
        CHECK(control->window() == kMss);
    }
}

TEST_CASE("a window that is not used does not grow") {
    for (const auto algorithm : {CongestionAlgorithm::kCubic, CongestionAlgorithm::kReno}) {
        Congestion control(algorithm);
        control->start(kMss, false);
        control->on_acknowledged({.now = at(1), .bytes = 5000, .window_limited = false});
        CHECK(control->window() == 10 * kMss);
        control->on_congestion(at(1), 10 * kMss);
        const std::uint32_t window = control->window();
        for (int i = 0; i < 50; ++i)
            control->on_acknowledged({.now = at(2 + i), .bytes = 5000, .window_limited = false});
        CHECK(control->window() == window);
    }
}

TEST_CASE("losses lower the window by the algorithm's factor, and undo takes it back") {
    for (const auto& [algorithm, factor] :
         {std::pair{CongestionAlgorithm::kCubic, 0.7}, std::pair{CongestionAlgorithm::kReno, 0.5}}) {
        Congestion control(algorithm);
        control->start(kMss, false);
        const CongestionBefore before = control->before();
        control->on_congestion(at(1), 10 * kMss);
        CHECK(control->window() == std::uint32_t(10 * kMss * factor));
        CHECK(control->threshold() == control->window());
        control->undo(before);
        CHECK(control->window() == 10 * kMss);
        CHECK(control->threshold() == CongestionControl::kNoThreshold);
        control->on_timeout(at(2), 10 * kMss, true);
        CHECK(control->window() == kMss);
        const std::uint32_t threshold = control->threshold();
        control->on_timeout(at(3), kMss, false);
        CHECK(control->threshold() == threshold);
        // Never below two segments.
        control->on_congestion(at(4), kMss);
        CHECK(control->threshold() == 2 * kMss);
    }
}

// RFC 9438, section 4.2: back at W_max after K = cbrt(W_max * (1 - beta) / C) seconds, flat around it.
TEST_CASE("CUBIC returns to where the loss was after K seconds") {
    Cubic control;
    control.start(kMss, false);
    control.set_window(1000 * kMss);
    control.on_congestion(at(0), 1000 * kMss);
    CHECK(control.window() == 700 * kMss);
    const double k = std::cbrt(1000 * 0.3 / 0.4);
    Seq una;
    double now = 0;
    while (now < k / 2) now = round_trip(control, now, 0.1, una);
    // Section 4.2 at half of K: C (K/2)^3 below W_max.
    CHECK(control.window() == doctest::Approx((1000 - 0.4 * std::pow(k / 2, 3)) * kMss).epsilon(0.02));
    while (now < k) now = round_trip(control, now, 0.1, una);
    CHECK(control.window() == doctest::Approx(1000 * kMss).epsilon(0.01));
    while (now < 2 * k) now = round_trip(control, now, 0.1, una);
    CHECK(control.window() == doctest::Approx(1300 * kMss).epsilon(0.02));
}

// Section 4.3: on a short path the standard algorithm is faster, and CUBIC follows it.
TEST_CASE("CUBIC is no slower than the standard algorithm") {
    Cubic control;
    control.start(kMss, false);
    control.set_window(20 * kMss);
    control.on_congestion(at(0), 20 * kMss);
    Seq una;
    double now = 0;
    for (int i = 0; i < 10; ++i) now = round_trip(control, now, 0.01, una);
    // 0.529 segments a round trip (alpha) from 14.
    CHECK(control.window() >= 18 * kMss);
    CHECK(control.window() <= 20 * kMss);
}

// Section 4.7: a second loss below the old maximum gives up some of it.
TEST_CASE("CUBIC converges fast") {
    const auto plateau = [](std::uint32_t second) {
        Cubic control;
        control.start(kMss, false);
        control.set_window(1000 * kMss);
        control.on_congestion(at(0), 1000 * kMss);
        control.set_window(second * kMss);
        control.on_congestion(at(1), second * kMss);
        Seq una;
        double now = 1;
        const double k = std::cbrt(second * 0.3 / 0.4);
        while (now < 1 + k) now = round_trip(control, now, 0.1, una);
        return control.window() / kMss;
    };
    CHECK(plateau(800) < 760);    // W_max is 680
    CHECK(plateau(1100) > 1080);  // W_max is 1100
}

TEST_CASE("after a timeout CUBIC begins flat") {
    Cubic control;
    control.start(kMss, false);
    control.set_window(100 * kMss);
    control.on_timeout(at(0), 100 * kMss, true);
    CHECK(control.window() == kMss);
    Seq una;
    double now = 0;
    while (control.in_slow_start()) now = round_trip(control, now, 0.01, una);
    const std::uint32_t window = control.window();
    CHECK(window >= 70 * kMss);
    CHECK(window < 71 * kMss);
    now = round_trip(control, now, 0.01, una);
    CHECK(control.window() < window + 2 * kMss);
}

// RFC 9406: round trips that rise by an eighth slow it down, five rounds of that end it.
TEST_CASE("slow start ends when round trips grow") {
    Cubic control;
    control.start(kMss, false);
    Seq una;
    double now = round_trip(control, 0, 0.1, una);
    now = round_trip(control, now, 0.1, una);
    CHECK(control.window() == 40 * kMss);
    now = round_trip(control, now, 0.12, una);
    const std::uint32_t window = control.window();
    CHECK(window < 60 * kMss);  // the rest of the round grew by a quarter
    for (int i = 0; i < 3; ++i) now = round_trip(control, now, 0.12, una);
    CHECK(control.in_slow_start());
    CHECK(control.window() < window * 2.1);
    for (int i = 0; i < 3; ++i) now = round_trip(control, now, 0.12, una);
    CHECK_FALSE(control.in_slow_start());
}

TEST_CASE("a rise that was noise does not end slow start") {
    Cubic control;
    control.start(kMss, false);
    Seq una;
    double now = round_trip(control, 0, 0.1, una);
    now = round_trip(control, now, 0.12, una);
    for (int i = 0; i < 6; ++i) now = round_trip(control, now, 0.1, una);
    CHECK(control.in_slow_start());
    CHECK(control.window() > 400 * kMss);
}

TEST_CASE("another algorithm takes over windows and threshold") {
    Congestion control(CongestionAlgorithm::kCubic);
    control->start(kMss, false);
    control->on_congestion(at(0), 10 * kMss);
    CHECK(std::string(control->name()) == "cubic");
    control.choose(CongestionAlgorithm::kReno, kMss);
    CHECK(std::string(control->name()) == "reno");
    CHECK(control->window() == 7 * kMss);
    CHECK(control->threshold() == 7 * kMss);
}

}  // namespace holm::net::tcp
