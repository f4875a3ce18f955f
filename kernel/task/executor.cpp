#include "kernel/task/executor.h"

#include <algorithm>
#include <array>

namespace holm {

// How long tasks that are ready may keep the core from looking at its devices.
static constexpr Duration kPollInterval = Duration::microseconds(10);

// 2^n - 1. Where spinning never pays, one in 64 sleeps finds that out again.
static constexpr unsigned kMostSleepsWithoutSpin = 63;

Executor::Executor(platform::Platform& platform, TimeSource& time)
    : platform_(platform),
      time_(time),
      polling_(platform.polling()),
      sleeps_without_spin_(kMostSleepsWithoutSpin),
      sleeps_to_come_(kMostSleepsWithoutSpin) {}

void Executor::run() {
    stopping_ = false;
    while (!stopping_) {
        if (!stop_noticed_ && platform_.stop_requested()) notice_stop();
        const Instant now = time_.now();
        time_.tend(now);
        timers_.expire(now);
        if (ready_.empty() || now - last_receive_ >= kPollInterval) receive(now);
        run_ready();
        const Instant device_deadline = transmit();
        if (stopping_) break;
        if (ready_.empty())
            idle(std::min(device_deadline, timers_.next_deadline()));
        else if (now - last_wait_ >= polling_.longest_without_wait)
            sleep(now, now);
    }
}

void Executor::notice_stop() {
    stop_noticed_ = true;
    post_all(stop_waiters_);
}

void Executor::run_ready() {
    // What becomes ready from now on stands behind the end and runs in the next round, after a look at the
    // devices.
    CoroutineWaiter end;
    ready_.push_back(end);
    for (Waiter* next = ready_.pop_front(); next != &end; next = ready_.pop_front()) {
        current_ = next->root();
        ++progress_;
        next->resume();
        if (stopping_) break;
    }
    current_ = nullptr;
}

bool Executor::receive(Instant now) {
    last_receive_ = now;
    bool any = false;
    pollers_.for_each([&](Poller& poller) { any |= poller.receive(now); });
    return any;
}

Instant Executor::transmit() {
    if (pollers_.empty()) return Instant::never();
    const Instant now = time_.now();
    Instant deadline = Instant::never();
    pollers_.for_each([&](Poller& poller) {
        poller.transmit(now);
        deadline = std::min(deadline, poller.next_deadline());
    });
    return deadline;
}

void Executor::idle(Instant deadline) {
    const Instant start = time_.now();
    if (deadline <= start) return;
    Instant now = start;
    if (!spin(now, std::min(deadline, start + polling_.longest_spin))) sleep(now, deadline);
}

// Spinning for as long as a sleep costs, where it has lately paid, never costs more than twice the best
// choice. How long the sleeps are says little: who answers quickly answers a sleeper late, because to wake it
// costs more than all else.
bool Executor::spin(Instant& now, Instant until) {
    if (pollers_.empty() || polling_.longest_spin == Duration()) return false;
    if (sleeps_to_come_ > 0) {
        --sleeps_to_come_;
        return false;
    }
    while (now < until) {
        if (receive(now)) {
            sleeps_without_spin_ /= 2;
            return true;
        }
        now = time_.now();
    }
    sleeps_without_spin_ = std::min(2 * sleeps_without_spin_ + 1, kMostSleepsWithoutSpin);
    sleeps_to_come_ = sleeps_without_spin_;
    return false;
}

void Executor::sleep(Instant now, Instant deadline) {
    last_wait_ = now;
    std::array<platform::Readiness, kMaxPollers> devices;
    std::size_t count = 0;
    pollers_.for_each([&](Poller& poller) {
        if (count < devices.size()) devices[count++] = poller.readiness();
    });
    const std::span<platform::Readiness> used(devices.data(), count);
    const Instant asleep = time_.now();
    platform_.wait(now, deadline, used, !stop_noticed_);
    slept_ = slept_ + (time_.now() - asleep);
}

}  // namespace holm
