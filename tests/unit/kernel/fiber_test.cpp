#include "kernel/task/fiber.h"

#include <cfenv>
#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "core_fixture.h"
#include "kernel/task/block_on.h"
#include "kernel/task/sleep.h"

namespace holm::test {
namespace {

// A fiber that runs a function object and owns its stack.
class TestFiber {
  public:
    TestFiber(CoreFixture& fixture, std::function<void()> body) : fixture_(fixture), body_(std::move(body)) {
        fiber_ = std::make_unique<Fiber>(Fiber::Start{.entry = enter,
                                                      .argument = this,
                                                      .stack_low = stack_.get(),
                                                      .stack_size = kStackSize,
                                                      .finished = finish,
                                                      .name = "test"});
        ++running;
        fiber_->wake();
    }
    Fiber& fiber() { return *fiber_; }

    static inline int running = 0;

  private:
    static constexpr std::size_t kStackSize = 256 * 1024;
    static void enter(void* self) { static_cast<TestFiber*>(self)->body_(); }
    static void finish(Fiber&, void* self) {
        if (--running == 0) static_cast<TestFiber*>(self)->fixture_.executor.stop();
    }

    CoreFixture& fixture_;
    std::function<void()> body_;
    std::unique_ptr<std::byte[]> stack_ = std::make_unique<std::byte[]>(kStackSize);
    std::unique_ptr<Fiber> fiber_;
};

TEST_CASE("fibers take turns") {
    CoreFixture fixture;
    std::string order;
    auto turns = [&](char name) {
        return [&order, name] {
            for (int i = 0; i < 3; ++i) {
                order += name;
                Fiber::yield();
            }
        };
    };
    TestFiber a(fixture, turns('a'));
    TestFiber b(fixture, turns('b'));
    fixture.executor.run();
    CHECK(order == "ababab");
    CHECK(a.fiber().is_finished());
    CHECK(Fiber::current() == nullptr);
}

TEST_CASE("a suspended fiber wakes at its deadline or when it is woken") {
    CoreFixture fixture;
    TestFiber sleeper(fixture, [&] {
        CHECK_FALSE(Fiber::suspend(fixture.time.time + Duration::milliseconds(5)));
        CHECK(fixture.time.time.as_nanoseconds() == 5'000'000);
        CHECK(Fiber::suspend());
        CHECK(Fiber::suspend());  // woken a second time before it asked
    });
    TestFiber waker(fixture, [&] {
        Fiber::suspend(fixture.time.time + Duration::milliseconds(7));
        sleeper.fiber().wake();
        sleeper.fiber().wake();
    });
    fixture.executor.run();
    CHECK(fixture.executor.timers().empty());
}

TEST_CASE("a fiber blocks on a task") {
    CoreFixture fixture;
    int result = 0;
    TestFiber fiber(fixture, [&] {
        result = block_on([]() -> Task<int> {
            co_await sleep(Duration::milliseconds(3));
            co_return 7;
        }());
    });
    fixture.executor.run();
    CHECK(result == 7);
    CHECK(fixture.time.time.as_nanoseconds() == 3'000'000);
}

TEST_CASE("an exception unwinds within its fiber while another is in a handler") {
    CoreFixture fixture;
    std::string caught;
    TestFiber a(fixture, [&] {
        try {
            throw 1;
        } catch (int value) {
            caught += "a" + std::to_string(value);
        }
    });
    TestFiber b(fixture, [&] {
        Fiber::yield();
        try {
            throw std::string("b");
        } catch (const std::string& value) {
            caught += value;
        }
    });
    fixture.executor.run();
    CHECK(caught == "a1b");
}

TEST_CASE("floating-point control belongs to the fiber") {
    CoreFixture fixture;
    TestFiber a(fixture, [&] {
        std::fesetround(FE_UPWARD);
        Fiber::yield();
        CHECK(std::fegetround() == FE_UPWARD);
    });
    TestFiber b(fixture, [&] {
        CHECK(std::fegetround() == FE_TONEAREST);
        Fiber::yield();
        CHECK(std::fegetround() == FE_TONEAREST);
    });
    fixture.executor.run();
    CHECK(std::fegetround() == FE_TONEAREST);
}

}  // namespace
}  // namespace holm::test
