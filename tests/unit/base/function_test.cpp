#include "base/function.h"

#include <array>
#include <memory>

#include <doctest/doctest.h>

using namespace holm;

TEST_CASE("a function holds what can only be moved, small or large, and destroys it once") {
    auto counter = std::make_shared<int>(5);
    const std::weak_ptr<int> alive = counter;
    Function<int(int)> small = [owned = std::make_unique<int>(1), counter](int x) {
        return x + *owned + ++*counter;
    };
    Function<int(int)> large = [big = std::array<int, 100>{7}, counter](int x) {
        return x + big[0] + ++*counter;
    };
    CHECK(small(10) == 17);
    CHECK(large(10) == 24);
    Function<int(int)> moved = std::move(small);
    CHECK_FALSE(static_cast<bool>(small));
    CHECK(moved(0) == 9);
    moved = std::move(large);
    CHECK(moved(0) == 16);
    counter.reset();
    CHECK_FALSE(alive.expired());
    moved = Function<int(int)>();
    CHECK(alive.expired());
}

TEST_CASE("a function hands references and values that only move through") {
    Function<std::unique_ptr<int>(std::unique_ptr<int>, int&)> f = [](std::unique_ptr<int> p, int& x) {
        x = *p;
        return p;
    };
    int x = 0;
    CHECK(*f(std::make_unique<int>(3), x) == 3);
    CHECK(x == 3);
}
