#include <chrono>
#include <ctime>
#include <thread>

#include <sys/time.h>
#include <time.h>

#include "tests/image/images/library/check.h"

namespace {

std::int64_t nanoseconds_of(clockid_t clock) {
    timespec time{};
    CHECK(clock_gettime(clock, &time) == 0);
    return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

void compute_for(std::chrono::milliseconds time) {
    const auto start = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - start < time) {
    }
}

// Sleeping costs no processor time, computing does, and a thread has its own.
void test_processor_time() {
    using namespace std::chrono_literals;
    constexpr std::int64_t kMillisecond = 1'000'000;
    const std::int64_t process = nanoseconds_of(CLOCK_PROCESS_CPUTIME_ID);
    const std::int64_t mine = nanoseconds_of(CLOCK_THREAD_CPUTIME_ID);
    CHECK(process > 0 && mine > 0 && std::clock() >= 0);
    const auto wall = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(200ms);
    compute_for(20ms);
    const std::int64_t after = nanoseconds_of(CLOCK_PROCESS_CPUTIME_ID) - process;
    const std::int64_t elapsed = std::chrono::nanoseconds(std::chrono::steady_clock::now() - wall).count();
    CHECK(after >= 20 * kMillisecond && after <= elapsed - 190 * kMillisecond);
    const std::int64_t mine_after = nanoseconds_of(CLOCK_THREAD_CPUTIME_ID) - mine;
    CHECK(mine_after >= 20 * kMillisecond && mine_after <= after + kMillisecond);
    std::int64_t theirs = 0;
    std::thread([&] {
        compute_for(30ms);
        theirs = nanoseconds_of(CLOCK_THREAD_CPUTIME_ID);
    }).join();
    CHECK(theirs >= 30 * kMillisecond &&
          nanoseconds_of(CLOCK_THREAD_CPUTIME_ID) - mine < mine_after + theirs);
}

}  // namespace

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
    test_processor_time();
}
