// A service in coroutines; its argument names what it does. tests/image/test_kernel.py knows what must
// follow.

#include <array>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include <holm/machine.h>
#include <holm/main.h>
#include <holm/task.h>
#include <holm/time.h>

namespace {

using holm::Duration;
using holm::Machine;
using holm::Task;

// The compiler must not know what these point to.
template <typename T>
T* hidden(std::uintptr_t address) {
    __asm__("" : "+r"(address));
    return reinterpret_cast<T*>(address);
}

const int constant_data[4] = {1, 2, 3, 4};

// Initialised, in a page that nobody touches.
struct Untouched {
    int before[1024], middle, behind[1024];
};
[[gnu::used, gnu::retain]] alignas(4096) volatile Untouched untouched_data{
    .before = {}, .middle = 0x1d0f, .behind = {}};

[[gnu::noinline]] int endless_recursion(int depth) {
    std::array<volatile int, 256> local;
    local[static_cast<std::size_t>(depth) % 256] = depth;
    return depth < 0 ? 0 : endless_recursion(depth + 1) + local[3];
}

[[gnu::noinline]] void smash_stack(std::size_t size) {
    char local[16];
    std::memset(hidden<char>(reinterpret_cast<std::uintptr_t>(local)), 'x', size);
}

[[gnu::noinline]] int divide(int by) {
    __asm__("" : "+r"(by));
    return 100 / by;
}

template <typename T>
struct Shipwreck {
    T lives;
};

// Ends in a panic, or the name is not known.
bool crash(std::string_view what) {
    if (what == "null-read") {
        return *hidden<volatile int>(8) != 0;
    } else if (what == "null-write") {
        *hidden<volatile int>(0) = 1;
    } else if (what == "null-call") {
        hidden<void()>(0)();
    } else if (what == "wild") {
        *hidden<volatile int>(0x123456789000) = 1;
    } else if (what == "not-canonical") {
        *hidden<volatile int>(0x1234567890000000) = 1;
    } else if (what == "write-constant") {
        *hidden<volatile int>(reinterpret_cast<std::uintptr_t>(constant_data)) = 1;
    } else if (what == "write-code") {
        *hidden<volatile int>(reinterpret_cast<std::uintptr_t>(&crash)) = 1;
    } else if (what == "run-data") {
        static char data[16];
        hidden<void()>(reinterpret_cast<std::uintptr_t>(data))();
    } else if (what == "stack") {
        return endless_recursion(0) != 0;
    } else if (what == "divide") {
        return divide(0) != 0;
    } else if (what == "trap") {
        __builtin_trap();
    } else if (what == "abort") {
        std::abort();
    } else if (what == "smash") {
        smash_stack(64);
    } else if (what == "bounds") {
        std::array<int, 4> values{};
        return values[*hidden<std::size_t>(reinterpret_cast<std::uintptr_t>(&what)) + 4] != 0;
    } else if (what == "throw") {
        throw std::runtime_error("nobody catches this");
    } else if (what == "throw-own") {
        throw Shipwreck<int>{3};
    } else if (what == "double-panic") {
        // The report finds the chain of tasks broken.
        holm::executor().set_current(hidden<holm::TaskRoot>(0x10));
        std::abort();
    } else {
        return false;
    }
    return true;
}

Task<> throw_later() {
    co_await holm::sleep(Duration::milliseconds(1));
    throw std::runtime_error("from a task");
}

// A chain of tasks that has ended and left no trace, and one that ends in the middle of its work.
Task<int> inner(bool fatal) {
    co_await holm::sleep(Duration::milliseconds(1));
    if (fatal) std::abort();
    co_return 1;
}
Task<int> middle(bool fatal) {
    co_return co_await inner(false) + co_await inner(fatal);
}
Task<> sleep_long() {
    co_await holm::sleep(Duration::seconds(100));
}
Task<int> outer() {
    const auto in_time = co_await holm::with_timeout(Duration(), inner(true));
    co_return in_time.value_or(0) + co_await middle(false) + co_await middle(true);
}

Task<> catch_from_task(Machine& machine) {
    try {
        co_await throw_later();
    } catch (const std::runtime_error& error) {
        machine.console().print("caught: ", error.what(), "\n");
    }
}

// Uses up processor time: the steps of the clock that are larger are when the host ran somebody else.
void hog(Machine& machine, Duration processor_time) {
    holm::Instant last = machine.clock().now();
    for (Duration used; used < processor_time;) {
        const holm::Instant now = machine.clock().now();
        if (now - last < Duration::microseconds(20)) used = used + (now - last);
        last = now;
    }
}

Task<> stop_orderly(Machine& machine) {
    machine.console().print("waiting\n");
    co_await machine.stop().wait();
    machine.console().print("stopping\n");
    co_await holm::sleep(Duration::milliseconds(20));
    machine.console().print("stopped\n");
    machine.set_exit_status(3);
}

Task<> stop_too_slow(Machine& machine) {
    machine.console().print("waiting\n");
    co_await machine.stop().wait();
    machine.console().print("taking my time\n");
    co_await holm::sleep(Duration::seconds(1000));
}

Task<> ignore_stop(Machine& machine) {
    machine.console().print("ready\nwaiting");
    co_await holm::sleep(Duration::seconds(1000));
}

// Nanoseconds each, the best of a few runs.
template <typename Body>
Task<std::int64_t> measure(Machine& machine, Body body) {
    constexpr int kRounds = 20'000;
    std::int64_t best = 1'000'000;
    for (int run = 0; run < 10; ++run) {
        const holm::Instant start = machine.clock().now();
        for (int i = 0; i < kRounds; ++i) co_await body();
        best = std::min(best, (machine.clock().now() - start).as_nanoseconds() / kRounds);
    }
    co_return best;
}

Task<> bench(Machine& machine) {
    constexpr int kReads = 20'000;
    std::int64_t clock = 1'000'000;
    for (int run = 0; run < 10; ++run) {
        const holm::Instant start = machine.clock().now();
        for (int i = 0; i < kReads; ++i) machine.clock().now();
        clock = std::min(clock, (machine.clock().now() - start).as_nanoseconds() / kReads);
    }
    machine.console().print("clock read: ", clock, " ns\n");
    machine.console().print("yield: ", co_await measure(machine, holm::yield), " ns\n");
    machine.console().print("task: ", co_await measure(machine, []() -> Task<> { co_return; }), " ns\n");
    machine.console().print("timer: ", co_await measure(machine, [] { return holm::sleep(Duration()); }),
                            " ns\n");
}

Task<> clocks(Machine& machine) {
    for (int i = 0; i < 4; ++i) {
        const holm::Instant before = machine.clock().now();
        const auto wall = machine.clock().wall_now();
        const holm::Instant after = machine.clock().now();
        machine.console().print("now ", before.as_nanoseconds(), " wall ", wall.nanoseconds, " now ",
                                after.as_nanoseconds(), "\n");
        co_await holm::sleep(Duration::milliseconds(300));
    }
}

struct AtExit {
    const char* what;
    ~AtExit() { holm::this_core().console->print(what, "\n"); }
};
AtExit global_object{"global destroyed"};

}  // namespace

holm::Task<> holm::main(holm::Machine& machine) {
    const std::string_view what = machine.arguments().size() > 1 ? machine.arguments()[1] : "";
    if (what == "exit") {
        const AtExit local{"local destroyed"};
        std::atexit([] { holm::this_core().console->print("at exit"); });
        machine.set_exit_status(7);
    } else if (what == "exit-now") {
        machine.console().print("last words");
        std::exit(9);
    } else if (what == "catch") {
        co_await catch_from_task(machine);
    } else if (what == "deep") {
        holm::Scope sleepers;
        for (int i = 0; i < 3; ++i) sleepers.start(sleep_long(), "sleeper");
        machine.set_exit_status(co_await outer());
    } else if (what == "throw-task") {
        co_await throw_later();
    } else if (what == "hog") {
        hog(machine, Duration::milliseconds(2300));
        machine.console().print("done hogging\n");
    } else if (what == "hog-forever") {
        machine.console().print("hogging\n");
        hog(machine, Duration::seconds(1000));
    } else if (what == "stop-orderly") {
        co_await stop_orderly(machine);
    } else if (what == "stop-too-slow") {
        co_await stop_too_slow(machine);
    } else if (what == "ignore-stop") {
        co_await ignore_stop(machine);
    } else if (what == "bench") {
        co_await bench(machine);
    } else if (what == "clocks") {
        co_await clocks(machine);
    } else if (what == "random") {
        machine.console().print(machine.random().next(), "\n");
    } else if (what == "environment") {
        const char* value = machine.environment("COLOUR");
        machine.console().print("colour ", value ? value : "none", ", arguments ", machine.arguments().size(),
                                "\n");
    } else if (!crash(what)) {
        machine.console().print("unknown: ", what, "\n");
        machine.set_exit_status(2);
    }
}
