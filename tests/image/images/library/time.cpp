#include <chrono>
#include <ctime>

#include <sys/time.h>
#include <time.h>

#include "tests/image/images/library/check.h"

void test_time() {
    using namespace std::chrono;
    const auto before = steady_clock::now();
    auto previous = before;
    bool forward = true;
    for (int i = 0; i < 100'000; ++i) {
        const auto now = steady_clock::now();
        forward = forward && now >= previous;
        previous = now;
    }
    CHECK(forward && previous > before);

    const auto today = system_clock::now();
    CHECK(today > sys_days{year{2024} / 1 / 1} && today < sys_days{year{2100} / 1 / 1});
    const std::time_t seconds = std::time(nullptr);
    CHECK(seconds - system_clock::to_time_t(today) <= 1);
    timeval value;
    CHECK(gettimeofday(&value, nullptr) == 0 && value.tv_sec - seconds <= 1 && value.tv_usec < 1'000'000);
    timespec resolution;
    CHECK(clock_getres(CLOCK_MONOTONIC, &resolution) == 0 && resolution.tv_nsec == 1);
    CHECK(clock_gettime(12345, &resolution) == -1);
    const std::tm* utc = std::gmtime(&seconds);
    CHECK(utc != nullptr && utc->tm_year >= 124);
    CHECK(std::mktime(std::localtime(&seconds)) == seconds);  // there are no time zones but UTC
    char text[32];
    const std::time_t epoch = 0;
    CHECK(std::strftime(text, sizeof(text), "%a %d %b %Y", std::gmtime(&epoch)) == 15);
    CHECK(std::clock() >= 0);
}
