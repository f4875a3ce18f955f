#include <atomic>
#include <barrier>
#include <chrono>
#include <condition_variable>
#include <future>
#include <latch>
#include <mutex>
#include <queue>
#include <semaphore>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include <errno.h>
#include <pthread.h>

#include "tests/image/images/library/check.h"

namespace {

int destroyed = 0;
struct PerThread {
    int value = 5;
    std::string text = "initialised in each thread";
    ~PerThread() { ++destroyed; }
};
thread_local PerThread per_thread;
thread_local int plain = 17;

int add(int a, int b) {
    return a + b;
}

}  // namespace

void test_threads() {
    std::mutex mutex;
    std::condition_variable condition;
    std::queue<int> queue;
    int sum = 0;
    std::vector<std::thread> workers;
    for (int i = 0; i < 4; ++i) {
        workers.emplace_back([&] {
            for (;;) {
                std::unique_lock lock(mutex);
                condition.wait(lock, [&] { return !queue.empty(); });
                const int job = queue.front();
                queue.pop();
                if (job < 0) return;
                sum += job;
                lock.unlock();
                std::this_thread::yield();
            }
        });
    }
    for (int i = 1; i <= 100; ++i) {
        const std::lock_guard lock(mutex);
        queue.push(i);
        condition.notify_one();
    }
    {
        const std::lock_guard lock(mutex);
        for (int i = 0; i < 4; ++i) queue.push(-1);
        condition.notify_all();
    }
    for (std::thread& worker : workers) worker.join();
    CHECK(sum == 5050);
    CHECK(std::thread::hardware_concurrency() == 1);

    per_thread.value = 6;
    int seen = 0;
    int plain_seen = 0;
    std::thread local([&] {
        seen = per_thread.value + static_cast<int>(per_thread.text.size());
        per_thread.value = 9;
        plain_seen = plain;
        plain = 18;
    });
    local.join();
    CHECK(seen == 5 + 26 && per_thread.value == 6 && destroyed == 1);
    CHECK(plain_seen == 17 && plain == 17);

    CHECK(std::async(std::launch::async, add, 20, 22).get() == 42);
    std::promise<std::string> promise;
    std::future<std::string> future = promise.get_future();
    std::thread([&promise] { promise.set_value("kept"); }).detach();
    CHECK(future.get() == "kept");
    std::packaged_task<int()> task([] { return 7; });
    auto answer = task.get_future();
    std::thread runner(std::move(task));
    runner.join();
    CHECK(answer.get() == 7);

    std::once_flag once;
    int times = 0;
    for (int i = 0; i < 3; ++i) std::call_once(once, [&] { ++times; });
    CHECK(times == 1);

    std::shared_mutex shared;
    {
        const std::shared_lock first(shared);
        const std::shared_lock second(shared);
        CHECK(!shared.try_lock());
    }
    CHECK(shared.try_lock());
    shared.unlock();
    std::recursive_mutex recursive;
    const std::lock_guard outer(recursive);
    const std::lock_guard inner(recursive);

    std::atomic<int> flag = 0;
    std::thread waiter([&] {
        flag.wait(0);
        flag = 2;
        flag.notify_all();
    });
    std::this_thread::yield();
    flag = 1;
    flag.notify_one();
    flag.wait(1);
    CHECK(flag == 2);
    waiter.join();

    std::latch latch(3);
    std::counting_semaphore<8> semaphore(0);
    std::barrier barrier(3);
    int phases = 0;
    std::vector<std::thread> group;
    for (int i = 0; i < 3; ++i) {
        group.emplace_back([&] {
            latch.arrive_and_wait();
            semaphore.release();
            for (int phase = 0; phase < 5; ++phase) barrier.arrive_and_wait();
            ++phases;
        });
    }
    for (int i = 0; i < 3; ++i) semaphore.acquire();
    for (std::thread& thread : group) thread.join();
    CHECK(phases == 3);

    // Many, one after another and at once: stacks are given back and used again.
    int started = 0;
    for (int i = 0; i < 2000; ++i) std::thread([&] { ++started; }).join();
    std::vector<std::thread> crowd;
    for (int i = 0; i < 200; ++i) {
        crowd.emplace_back([&] {
            std::this_thread::yield();
            ++started;
        });
    }
    for (std::thread& thread : crowd) thread.join();
    CHECK(started == 2200);

    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 1 << 20);
    pthread_t thread;
    const auto deep = [](void*) -> void* {
        volatile char large[900'000];
        large[0] = 1;
        large[sizeof(large) - 1] = 2;
        return reinterpret_cast<void*>(static_cast<long>(large[0] + large[sizeof(large) - 1]));
    };
    CHECK(pthread_create(&thread, &attributes, deep, nullptr) == 0);
    void* result = nullptr;
    CHECK(pthread_join(thread, &result) == 0 && result == reinterpret_cast<void*>(3));

    // There are no priorities; asking for one is an error and leaves nothing behind.
    pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
    CHECK(pthread_create(&thread, &attributes, deep, nullptr) == ENOSYS);
}
