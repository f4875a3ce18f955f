#include "kernel/task/executor.h"

#include <string>

#include <doctest/doctest.h>

#include "core_fixture.h"
#include "kernel/task/scope.h"
#include "kernel/task/sleep.h"

namespace holm::test {
namespace {

// A device that gets one thing at each of some instants and answers it at its next transmit().
struct FakeDevice final : Poller {
    explicit FakeDevice(CoreFixture& owner) : fixture(owner) {}

    bool receive(Instant now) override {
        ++receives;
        if (arrival > now) return false;
        arrival = Instant::never();
        ++pending;
        log += 'r';
        if (on_receive) on_receive();
        return true;
    }
    void transmit(Instant now) override {
        if (deadline <= now) {
            log += 'd';
            deadline = Instant::never();
        }
        if (pending == 0) return;
        pending = 0;
        log += 't';
    }
    Instant next_deadline() override { return deadline; }
    platform::Readiness readiness() override { return {.handle = 5, .want_readable = true}; }

    CoreFixture& fixture;
    Instant arrival = Instant::never();
    Instant deadline = Instant::never();
    int receives = 0;
    int pending = 0;
    std::string log;
    std::function<void()> on_receive;
};

constexpr Instant at_us(std::int64_t us) {
    return Instant() + Duration::microseconds(us);
}

// Ends the run when the executor would sleep with nothing to come.
void run_until_idle(CoreFixture& fixture, FakeDevice& device) {
    fixture.platform.on_wait = [&](std::span<platform::Readiness> devices) {
        REQUIRE(devices.size() == 1);
        CHECK(devices[0].handle == 5);
        if (device.arrival.is_never()) {
            if (fixture.executor.timers().empty() && device.deadline.is_never()) fixture.executor.stop();
            return !(device.deadline < Instant::never() || !fixture.executor.timers().empty());
        }
        fixture.time.time = std::max(fixture.time.time, device.arrival);
        devices[0].readable = true;
        return true;
    };
    fixture.executor.run();
}

TEST_CASE("what arrives is received, tasks run, and then the device sends") {
    CoreFixture fixture;
    FakeDevice device(fixture);
    fixture.executor.add(device);
    device.arrival = at_us(100);
    Scope scope;
    device.on_receive = [&] {
        scope.start([](std::string& log) -> Task<> {
            log += '1';
            co_await yield();
            log += '2';
        }(device.log));
    };
    run_until_idle(fixture, device);
    CHECK(device.log == "r1t2");
    CHECK(fixture.time.time == at_us(100));
}

TEST_CASE("a device's deadline ends the sleep") {
    CoreFixture fixture;
    FakeDevice device(fixture);
    fixture.executor.add(device);
    device.deadline = at_us(70);
    run_until_idle(fixture, device);
    CHECK(device.log == "d");
    CHECK(fixture.time.time == at_us(70));
}

TEST_CASE(
    "tasks that are always ready do not keep the core from its devices, and devices not from its tasks") {
    CoreFixture fixture;
    FakeDevice device(fixture);
    fixture.executor.add(device);
    device.arrival = at_us(50);
    Scope scope;
    int rounds = 0;
    scope.start([](CoreFixture& f, FakeDevice& d, int& count) -> Task<> {
        while (d.log != "rt") {
            ++count;
            f.time.time = f.time.time + Duration::microseconds(1);
            co_await yield();
        }
    }(fixture, device, rounds));
    run_until_idle(fixture, device);
    CHECK(rounds >= 50);
    CHECK(rounds < 65);  // seen within the poll interval
    CHECK(device.receives < 15);
}

TEST_CASE("where devices are served in wait(), a busy core waits now and then, and no core spins") {
    CoreFixture fixture({.longest_spin = Duration(), .longest_without_wait = Duration::microseconds(100)});
    FakeDevice device(fixture);
    fixture.executor.add(device);
    fixture.platform.on_wait = [&](std::span<platform::Readiness>) {
        device.arrival = fixture.time.time;
        return true;
    };
    Scope scope;
    scope.start([](CoreFixture& f) -> Task<> {
        for (int us = 0; us < 1000; ++us) {
            f.time.time = f.time.time + Duration::microseconds(1);
            co_await yield();
        }
        f.executor.stop();
    }(fixture));
    fixture.executor.run();
    CHECK(fixture.platform.waits >= 9);
    CHECK(fixture.platform.waits <= 11);
    CHECK(device.log.size() ==
          2 * std::size_t(fixture.platform.waits));  // all that came was taken and answered

    device.arrival = Instant::never();
    fixture.platform.on_wait = [&](std::span<platform::Readiness>) {
        fixture.executor.stop();
        return true;
    };
    device.receives = 0;
    fixture.executor.run();
    CHECK(device.receives <= 1);
}

TEST_CASE("a core spins where that has lately paid, and seldom where it has not") {
    CoreFixture fixture({.longest_spin = Duration::microseconds(15)});
    // Something comes `pause` after each answer, and who sleeps is woken late.
    struct Partner final : Poller {
        explicit Partner(CoreFixture& f) : fixture(f) {}
        bool receive(Instant now) override {
            fixture.time.time = now + Duration::nanoseconds(500);
            if (now < arrival) return false;
            ++messages;
            arrival = Instant::never();
            return true;
        }
        void transmit(Instant now) override {
            if (arrival.is_never()) arrival = now + pause;
            if (messages == wanted) fixture.executor.stop();
        }
        Instant next_deadline() override { return Instant::never(); }
        platform::Readiness readiness() override { return {}; }

        CoreFixture& fixture;
        Duration pause;
        Instant arrival;
        int messages = 0, wanted = 0;
    };
    Partner partner(fixture);
    fixture.executor.add(partner);
    fixture.platform.on_wait = [&](std::span<platform::Readiness>) {
        fixture.time.time = std::max(fixture.time.time, partner.arrival) + Duration::microseconds(25);
        return true;
    };
    const auto waits = [&](Duration pause, int messages) {
        partner.pause = pause;
        partner.messages = fixture.platform.waits = 0;
        partner.wanted = messages;
        fixture.executor.run();
        return fixture.platform.waits;
    };
    const Duration begin = fixture.executor.processor_time();
    CHECK(waits(Duration::microseconds(50), 2000) >= 1999);
    // A spin in 64 sleeps, and what receiving takes.
    CHECK(fixture.executor.processor_time() - begin < Duration::microseconds(2000 * 3));
    CHECK(waits(Duration::microseconds(8), 2000) <= 200);
    CHECK(waits(Duration::microseconds(8), 2000) == 0);
    CHECK(waits(Duration::microseconds(50), 2000) >= 1900);
}

TEST_CASE("a device that unlinks itself is not asked again") {
    CoreFixture fixture;
    FakeDevice device(fixture);
    fixture.executor.add(device);
    device.arrival = at_us(1);
    device.on_receive = [&] {
        static_cast<ListHook<>&>(device).unlink();
        fixture.executor.stop();
    };
    run_until_idle(fixture, device);
    const int receives = device.receives;
    Scope scope;
    scope.start([](Executor& here) -> Task<> {
        co_await yield();
        here.stop();
    }(fixture.executor));
    fixture.executor.run();
    CHECK(device.receives == receives);
}

TEST_CASE("timers: restart, stop, order, and destruction while running") {
    CoreFixture fixture;
    std::string log;
    struct Named final : Timer {
        Named(std::string& out, char n)
            : Timer([](Timer& self) {
                  auto& named = static_cast<Named&>(self);
                  named.log += named.name;
              }),
              log(out),
              name(n) {}
        std::string& log;
        char name;
    };
    Timers& timers = fixture.executor.timers();
    CHECK(timers.next_deadline().is_never());
    Named a(log, 'a'), b(log, 'b'), c(log, 'c');
    a.start(timers, at_us(30));
    b.start(timers, at_us(10));
    c.start(timers, at_us(20));
    {
        Named d(log, 'd');
        d.start(timers, at_us(5));
        CHECK(timers.next_deadline() == at_us(5));
    }
    CHECK(timers.next_deadline() == at_us(10));
    b.start(timers, at_us(25));
    c.stop();
    c.stop();
    CHECK(timers.expire(at_us(24)) == 0);
    CHECK(timers.expire(at_us(30)) == 2);
    CHECK(log == "ba");
    CHECK(timers.empty());
}

}  // namespace
}  // namespace holm::test
