#include "kernel/posix/futex_table.h"

#include <deque>
#include <map>
#include <vector>

#include <doctest/doctest.h>

#include "tests/unit/kernel/region.h"

using namespace holm::posix;

namespace {

std::vector<int> woken;

class Sleeper final : public FutexWaiter {
  public:
    Sleeper(FutexTable& table, const std::uint32_t& word, int name, std::uint32_t bits = 0xffffffff)
        : FutexWaiter(&word, bits), name_(name) {
        table.add(*this);
    }
    void wake() override { woken.push_back(name_); }

  private:
    int name_;
};

}  // namespace

TEST_CASE("waiters are woken in the order of arrival, by address") {
    woken.clear();
    FutexTable table;
    const std::uint32_t a = 0;
    const std::uint32_t b = 0;
    Sleeper one(table, a, 1);
    Sleeper two(table, b, 2);
    Sleeper three(table, a, 3);
    Sleeper four(table, a, 4);
    CHECK(table.wake(&a, 2) == 2);
    CHECK(woken == std::vector{1, 3});
    CHECK(table.wake(&a, 100) == 1);
    CHECK(table.wake(&a, 100) == 0);
    CHECK(table.wake(&b, 0) == 0);
    CHECK(two.is_linked());
}

TEST_CASE("a waiter that gives up is forgotten") {
    woken.clear();
    FutexTable table;
    const std::uint32_t word = 0;
    {
        Sleeper gone(table, word, 1);
    }
    CHECK(table.wake(&word, 10) == 0);
}

TEST_CASE("bits choose among the waiters of an address") {
    woken.clear();
    FutexTable table;
    const std::uint32_t word = 0;
    Sleeper reader(table, word, 1, 0b01);
    Sleeper writer(table, word, 2, 0b10);
    CHECK(table.wake(&word, 10, 0b10) == 1);
    CHECK(woken == std::vector{2});
}

TEST_CASE("moved waiters are woken at their new address") {
    woken.clear();
    FutexTable table;
    const std::uint32_t from = 0;
    const std::uint32_t to = 0;
    Sleeper one(table, from, 1);
    Sleeper two(table, from, 2);
    Sleeper three(table, from, 3);
    CHECK(table.move(&from, &from, 3) == 0);
    CHECK(table.move(&from, &to, 2) == 2);
    CHECK(table.wake(&to, 10) == 2);
    CHECK(woken == std::vector{1, 2});
    CHECK(table.wake(&from, 10) == 1);
}

TEST_CASE("random waits, wakes and moves against a model") {
    const std::uint64_t seed = holm::tests::seed();
    CAPTURE(seed);
    holm::tests::Random random(seed);
    FutexTable table;
    std::vector<std::uint32_t> words(100);
    std::map<std::size_t, std::deque<int>> model;
    std::map<int, std::unique_ptr<Sleeper>> sleepers;
    int next = 0;
    for (int step = 0; step < 20'000; ++step) {
        const std::size_t word = random.below(words.size());
        const std::uint64_t action = random.below(8);
        std::deque<int>& queue = model[word];
        if (action < 4) {
            sleepers[next] = std::make_unique<Sleeper>(table, words[word], next);
            queue.push_back(next++);
        } else if (action < 7) {
            woken.clear();
            const std::size_t count = random.below(5);
            const std::size_t expected = std::min(count, queue.size());
            REQUIRE(table.wake(&words[word], count) == expected);
            REQUIRE(woken == std::vector<int>(queue.begin(), queue.begin() + static_cast<long>(expected)));
            for (const int name : woken) sleepers.erase(name);
            queue.erase(queue.begin(), queue.begin() + static_cast<long>(expected));
        } else {
            const std::size_t to = random.below(words.size());
            if (to == word) continue;
            const std::size_t count = std::min<std::size_t>(random.below(4), queue.size());
            REQUIRE(table.move(&words[word], &words[to], count) == count);
            for (std::size_t i = 0; i < count; ++i) {
                model[to].push_back(queue.front());
                queue.pop_front();
            }
        }
    }
}
