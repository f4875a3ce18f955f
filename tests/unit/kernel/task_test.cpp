#include "kernel/task/task.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "core_fixture.h"
#include "kernel/task/channel.h"
#include "kernel/task/deadline.h"
#include "kernel/task/event.h"
#include "kernel/task/mutex.h"
#include "kernel/task/scope.h"
#include "kernel/task/sleep.h"

namespace holm::test {
namespace {

// Runs a task to its end on the fixture's executor.
void run(CoreFixture& fixture, Task<> task) {
    Scope scope;
    scope.start([](CoreFixture& f, Task<> body) -> Task<> {
        co_await std::move(body);
        f.executor.stop();
    }(fixture, std::move(task)));
    fixture.executor.run();
}

// Notes its own destruction.
struct Trace {
    std::vector<std::string>& log;
    std::string name;
    ~Trace() { log.push_back(name); }
};

Task<int> twice(int value) {
    co_return 2 * value;
}
Task<int> sum(int depth) {
    if (depth == 0) co_return 0;
    co_return 1 + co_await sum(depth - 1);
}

TEST_CASE("a task starts when it is awaited and returns its value") {
    CoreFixture fixture;
    int result = 0;
    run(fixture, [](int& out) -> Task<> { out = co_await twice(21); }(result));
    CHECK(result == 42);
}

TEST_CASE("a long chain of tasks needs no stack") {
    CoreFixture fixture;
    int result = 0;
    run(fixture, [](int& out) -> Task<> {
        for (int i = 0; i < 1'000'000; ++i) out += co_await twice(1);
    }(result));
    CHECK(result == 2'000'000);
    run(fixture, [](int& out) -> Task<> { out = co_await sum(1000); }(result));
    CHECK(result == 1000);
}

TEST_CASE("an exception reappears in the awaiting task") {
    CoreFixture fixture;
    std::string caught;
    run(fixture, [](std::string& out) -> Task<> {
        try {
            co_await []() -> Task<int> {
                co_await yield();
                throw std::runtime_error("from below");
                co_return 1;
            }();
        } catch (const std::runtime_error& error) {
            out = error.what();
        }
    }(caught));
    CHECK(caught == "from below");
}

TEST_CASE("CO_TRY hands an error on") {
    CoreFixture fixture;
    Result<int> seen = 0;
    run(fixture, [](Result<int>& out) -> Task<> {
        out = co_await []() -> Task<Result<int>> {
            const int value = CO_TRY(co_await []() -> Task<Result<int>> {
                co_await yield();
                co_return fail(ErrorCode::kNotFound);
            }());
            co_return value + 1;
        }();
    }(seen));
    REQUIRE(!seen);
    CHECK(seen.error().code == ErrorCode::kNotFound);
}

TEST_CASE("tasks sleep in the order of their deadlines") {
    CoreFixture fixture;
    std::string order;
    run(fixture, [](std::string& out, CoreFixture& f) -> Task<> {
        auto note = [&](int ms, char name) -> Task<> {
            co_await sleep(Duration::milliseconds(ms));
            out += name;
        };
        Scope scope;
        scope.start(note(30, 'c'));
        scope.start(note(10, 'a'));
        scope.start(note(20, 'b'));
        CHECK((co_await scope.join()).has_value());
        CHECK(f.time.time.as_nanoseconds() == 30'000'000);
    }(order, fixture));
    CHECK(order == "abc");
}

TEST_CASE("leaving a scope cancels what runs in it, innermost first") {
    CoreFixture fixture;
    std::vector<std::string> log;
    run(fixture, [](std::vector<std::string>& out) -> Task<> {
        Scope scope;
        scope.start([](std::vector<std::string>& l) -> Task<> {
            const Trace outer{l, "outer"};
            co_await [](std::vector<std::string>& inner_log) -> Task<> {
                const Trace inner{inner_log, "inner"};
                co_await sleep(Duration::seconds(100));
                inner_log.push_back("not reached");
            }(l);
        }(out));
        co_await yield();
        co_await yield();
    }(log));
    CHECK(log == std::vector<std::string>{"inner", "outer"});
    CHECK(fixture.executor.timers().empty());
}

TEST_CASE("a task may cancel its own scope, and a scope above") {
    CoreFixture fixture;
    std::vector<std::string> log;
    run(fixture, [](std::vector<std::string>& out) -> Task<> {
        Scope scope;
        scope.start([](std::vector<std::string>& l, Scope& above) -> Task<> {
            const Trace outer{l, "middle"};
            Scope nested;
            nested.start([](std::vector<std::string>& k, Scope& grandparent) -> Task<> {
                const Trace inner{k, "child"};
                grandparent.cancel();
                k.push_back("still running");
                co_await yield();
                k.push_back("not reached");
            }(l, above));
            (void)co_await nested.join();
        }(out, scope));
        scope.start([](std::vector<std::string>& l) -> Task<> {
            for (;;) {
                co_await yield();
                l.push_back("sibling");
            }
        }(out));
        CHECK((co_await scope.join()).has_value());
        CHECK(scope.empty());
    }(log));
    CHECK(log == std::vector<std::string>{"still running", "child", "middle"});
}

TEST_CASE("an error cancels the siblings and is what join reports") {
    CoreFixture fixture;
    bool reached = false;
    run(fixture, [](bool& out) -> Task<> {
        const Result<> result = co_await with_scope([&](Scope& scope) -> Task<Result<>> {
            scope.start([]() -> Task<Result<>> {
                co_await sleep(Duration::milliseconds(1));
                co_return fail(ErrorCode::kConnectionReset, "gone");
            }());
            co_await sleep(Duration::seconds(1));
            out = true;
            co_return Result<>{};
        });
        REQUIRE(!result);
        CHECK(result.error().code == ErrorCode::kConnectionReset);
    }(reached));
    CHECK_FALSE(reached);
}

TEST_CASE("a scope keeps the lambda of a task as long as the task runs") {
    CoreFixture fixture;
    std::vector<std::string> log;
    run(fixture, [](std::vector<std::string>& out) -> Task<> {
        Scope scope;
        {
            auto captured = std::make_shared<Trace>(out, "captures gone");
            scope.start([&out, captured]() -> Task<> {
                co_await sleep(Duration::milliseconds(1));
                out.push_back("ran with " + captured->name);
            });
            scope.start([captured = std::move(captured)]() -> Task<Result<>> { co_return Result<>{}; });
        }
        CHECK((co_await scope.join()).has_value());
    }(log));
    CHECK(log == std::vector<std::string>{"ran with captures gone", "captures gone"});
}

TEST_CASE("an exception of a task is thrown by join") {
    CoreFixture fixture;
    std::string caught;
    run(fixture, [](std::string& out) -> Task<> {
        Scope scope;
        scope.start([]() -> Task<> {
            co_await yield();
            throw std::runtime_error("in a child");
        }());
        scope.start([]() -> Task<> { co_await sleep(Duration::seconds(9)); }());
        try {
            (void)co_await scope.join();
        } catch (const std::runtime_error& error) {
            out = error.what();
        }
    }(caught));
    CHECK(caught == "in a child");
}

TEST_CASE("a deadline cancels the task and gives kTimedOut") {
    CoreFixture fixture;
    std::vector<std::string> log;
    run(fixture, [](std::vector<std::string>& out, CoreFixture& f) -> Task<> {
        auto slow = [](std::vector<std::string>& l) -> Task<int> {
            const Trace trace{l, "cancelled"};
            co_await sleep(Duration::seconds(10));
            co_return 1;
        };
        const Result<int> late = co_await with_timeout(Duration::milliseconds(5), slow(out));
        REQUIRE(!late);
        CHECK(late.error().code == ErrorCode::kTimedOut);
        CHECK(f.time.time.as_nanoseconds() == 5'000'000);
        const Result<int> in_time = co_await with_timeout(Duration::seconds(1), twice(4));
        CHECK(in_time == 8);
    }(log, fixture));
    CHECK(log == std::vector<std::string>{"cancelled"});
    CHECK(fixture.executor.timers().empty());
}

TEST_CASE("an event wakes all who wait for it, in order") {
    CoreFixture fixture;
    std::string order;
    run(fixture, [](std::string& out) -> Task<> {
        Event event;
        Scope scope;
        for (const char name : {'a', 'b', 'c'}) {
            scope.start([](std::string& o, Event& e, char n) -> Task<> {
                co_await e.wait();
                o += n;
            }(out, event, name));
        }
        co_await sleep(Duration::milliseconds(1));
        CHECK(out.empty());
        event.set();
        (void)co_await scope.join();
    }(order));
    CHECK(order == "abc");
}

TEST_CASE("a mutex keeps tasks out of each other's way, and a cancelled waiter does not keep it") {
    CoreFixture fixture;
    std::string order;
    run(fixture, [](std::string& out) -> Task<> {
        Mutex mutex;
        auto critical = [](std::string& o, Mutex& m, char name) -> Task<> {
            const Mutex::Lock lock = co_await m.lock();
            o += name;
            co_await sleep(Duration::milliseconds(10));
            o += name;
        };
        Scope scope;
        scope.start(critical(out, mutex, 'a'));
        scope.start([](auto body) -> Task<> {
            CHECK_FALSE((co_await with_timeout(Duration::milliseconds(5), std::move(body))).has_value());
        }(critical(out, mutex, 'x')));
        scope.start(critical(out, mutex, 'b'));
        (void)co_await scope.join();
        CHECK_FALSE(mutex.is_locked());
    }(order));
    CHECK(order == "aabb");
}

TEST_CASE("a channel holds its capacity, and drains after close") {
    CoreFixture fixture;
    std::string order;
    run(fixture, [](std::string& out) -> Task<> {
        Channel<int, 2> channel;
        Scope scope;
        scope.start([](std::string& o, Channel<int, 2>& c) -> Task<> {
            for (int i = 0; i < 5; ++i) {
                CHECK(co_await c.send(i));
                o += 's';
            }
            c.close();
        }(out, channel));
        co_await sleep(Duration::milliseconds(1));
        CHECK(out == "ss");
        int expected = 0;
        while (const auto value = co_await channel.receive()) CHECK(*value == expected++);
        CHECK(expected == 5);
        CHECK_FALSE(co_await channel.send(9));
        (void)co_await scope.join();
    }(order));
}

TEST_CASE("a stop request makes its waiters ready") {
    CoreFixture fixture;
    bool told = false;
    struct Told final : Waiter {
        explicit Told(bool& out)
            : Waiter([](Waiter& self) { static_cast<Told&>(self).flag = true; }), flag(out) {}
        bool& flag;
    } waiter(told);
    fixture.executor.on_stop_request(waiter);
    run(fixture, [](CoreFixture& f, const bool& seen) -> Task<> {
        co_await yield();
        CHECK_FALSE(seen);
        f.platform.stop = true;
        co_await sleep(Duration::milliseconds(1));
        CHECK(seen);
    }(fixture, told));
}

}  // namespace
}  // namespace holm::test
