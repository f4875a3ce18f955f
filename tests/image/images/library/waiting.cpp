#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <semaphore>
#include <thread>
#include <vector>

#include "tests/image/images/library/check.h"

using namespace std::chrono_literals;

namespace {

using Clock = std::chrono::steady_clock;

// What waits must not end early, and not run over by much even on a busy machine.
bool took(Clock::time_point start, Clock::duration expected) {
    const auto elapsed = Clock::now() - start;
    return elapsed >= expected && elapsed < expected + 500ms;
}

}  // namespace

void test_waiting() {
    auto start = Clock::now();
    std::this_thread::sleep_for(10ms);
    CHECK(took(start, 10ms));
    start = Clock::now();
    std::this_thread::sleep_until(start + 5ms);
    CHECK(took(start, 5ms));
    start = Clock::now();
    std::this_thread::sleep_until(std::chrono::system_clock::now() + 5ms);
    CHECK(took(start, 4ms));
    std::this_thread::sleep_for(-1ms);

    // Sleeps overlap: eight threads need no longer than one.
    start = Clock::now();
    std::vector<std::thread> sleepers;
    for (int i = 0; i < 8; ++i) sleepers.emplace_back([] { std::this_thread::sleep_for(20ms); });
    for (std::thread& sleeper : sleepers) sleeper.join();
    CHECK(Clock::now() - start < 8 * 20ms);

    std::mutex mutex;
    std::condition_variable condition;
    std::unique_lock lock(mutex);
    start = Clock::now();
    CHECK(condition.wait_for(lock, 5ms) == std::cv_status::timeout);
    CHECK(took(start, 5ms));
    CHECK(condition.wait_until(lock, std::chrono::system_clock::now() + 2ms) == std::cv_status::timeout);
    std::thread notifier([&] {
        std::this_thread::sleep_for(2ms);
        const std::lock_guard inner(mutex);
        condition.notify_one();
    });
    CHECK(condition.wait_for(lock, 5s) == std::cv_status::no_timeout);
    lock.unlock();
    notifier.join();

    std::timed_mutex timed;
    timed.lock();
    std::thread contender([&] { CHECK(!timed.try_lock_for(3ms)); });
    contender.join();
    timed.unlock();

    std::binary_semaphore semaphore(0);
    CHECK(!semaphore.try_acquire_for(2ms));
    std::promise<void> never;
    CHECK(never.get_future().wait_for(2ms) == std::future_status::timeout);
}
