#include "kernel/panic/coroutine_chain.h"

#include <array>
#include <optional>
#include <vector>

#include <doctest/doctest.h>

#include "kernel/task/deadline.h"
#include "kernel/task/event.h"
#include "kernel/task/scope.h"
#include "kernel/task/sleep.h"
#include "tests/unit/kernel/core_fixture.h"

namespace holm::test {
namespace {

constexpr AddressRange kEverything{4096, ~std::uint64_t{0}};

std::vector<std::uint64_t> chain(const TaskRoot& root, std::size_t room = 16,
                                 AddressRange readable = kEverything) {
    std::vector<std::uint64_t> addresses(room);
    addresses.resize(coroutine_chain(root, {&readable, 1}, kEverything, addresses));
    return addresses;
}

struct Step {
    Event go;
    std::size_t depth_seen = 0;
};

Task<> leaf(Step& step) {
    co_await step.go.wait();
}

Task<> nest(Step& step, int depth) {
    if (depth == 0) {
        co_await leaf(step);
    } else {
        co_await nest(step, depth - 1);
    }
    step.go.reset();
    co_await step.go.wait();
}

struct ChainFixture : CoreFixture {
    // Runs what is ready, and all that becomes ready in this time.
    void advance(Duration time) {
        Scope scope;
        scope.start([](Executor& here, Duration wait) -> Task<> {
            co_await holm::sleep(wait);
            here.stop();
        }(executor, time));
        executor.run();
    }
    void run_until_idle() { advance(Duration::nanoseconds(1)); }
};

TaskRoot& only_root() {
    TaskRoot* found = nullptr;
    holm::executor().roots().for_each([&](TaskRoot& root) { found = &root; });
    REQUIRE(found != nullptr);
    return *found;
}

TEST_CASE_FIXTURE(ChainFixture, "the chain grows and shrinks with the tasks that await each other") {
    Step step;
    Scope scope;
    scope.start(nest(step, 3), "nest");
    CHECK(chain(only_root()).size() == 1);  // not started yet
    run_until_idle();
    CHECK(chain(only_root()).size() == 5);  // four times nest, and leaf
    step.go.set();
    run_until_idle();
    CHECK(chain(only_root()).size() == 4);
    step.go.set();
    run_until_idle();
    CHECK(chain(only_root()).size() == 3);
}

TEST_CASE_FIXTURE(ChainFixture, "innermost first, and the outermost are left out where there is no room") {
    Step step;
    Scope scope;
    scope.start(nest(step, 3), "nest");
    run_until_idle();
    const std::vector<std::uint64_t> whole = chain(only_root());
    CHECK(whole[0] != whole[1]);  // leaf
    CHECK(whole[1] == whole[4]);  // nest
    for (const std::size_t room : {1, 2, 3, 4})
        CHECK(chain(only_root(), room) ==
              std::vector(whole.begin(), whole.begin() + static_cast<long>(room)));
    CHECK(chain(only_root(), 0).empty());
}

TEST_CASE_FIXTURE(ChainFixture, "what cannot be read ends the chain") {
    Step step;
    Scope scope;
    scope.start(nest(step, 1), "nest");
    run_until_idle();
    CHECK(chain(only_root(), 16, {4096, 8192}).empty());
    CHECK(chain(*reinterpret_cast<const TaskRoot*>(16)).empty());
    const auto* body = reinterpret_cast<const std::byte*>(only_root().body());
    only_root().set_body(reinterpret_cast<const detail::PromiseBase*>(body + 1));
    CHECK(chain(only_root()).empty());
}

TEST_CASE_FIXTURE(ChainFixture, "a task that is dropped leaves the chain, whichever end goes first") {
    Step step;
    std::optional<Task<>> kept;
    Scope scope;
    scope.start(
        [&]() -> Task<> {
            (void)co_await with_timeout(Duration::milliseconds(1), leaf(step));
            kept.emplace(nest(step, 1));
            co_await std::move(*kept);
        },
        "body");
    run_until_idle();
    CHECK(chain(only_root()).size() == 3);  // what keeps the lambda, the lambda, leaf
    advance(Duration::milliseconds(2));
    CHECK(chain(only_root()).size() == 5);  // the same two, twice nest, leaf
    scope.cancel();
    run_until_idle();
    kept.reset();  // later than the task that awaited it
    CHECK(scope.empty());
}

}  // namespace
}  // namespace holm::test
