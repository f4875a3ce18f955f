// Futexes on fibers: what mutexes, condition variables, joins and atomic waits of the C and C++ libraries
// stand on. One core runs one thing at a time, so looking at the word and queueing are one step by nature.

#include "kernel/posix/futex_table.h"
#include "kernel/posix/state.h"
#include "kernel/posix/system_call.h"
#include "kernel/posix/times.h"
#include "kernel/posix/wait.h"
#include "kernel/task/executor.h"
#include "kernel/time/clock.h"

namespace holm::posix {
namespace {

// linux/futex.h, whose macros are all this would take from it.
enum Operation {
    kWait = 0,
    kWake = 1,
    kRequeue = 3,
    kCompareRequeue = 4,
    kLockPi = 6,
    kWaitBits = 9,
    kWakeBits = 10,
};
constexpr int kPrivate = 128;
constexpr int kRealTime = 256;

class FiberFutexWaiter final : public FutexWaiter {
  public:
    FiberFutexWaiter(Fiber& fiber, const std::uint32_t* address, std::uint32_t bits)
        : FutexWaiter(address, bits), fiber_(fiber) {}
    void wake() override { fiber_.wake(); }

  private:
    Fiber& fiber_;
};

Outcome wait(FutexTable& table, const std::uint32_t* word, std::uint32_t expected, std::uint32_t bits,
             Instant deadline) {
    if (__atomic_load_n(word, __ATOMIC_RELAXED) != expected) return -EAGAIN;
    FiberFutexWaiter waiter(blocking_fiber("futex"), word, bits);
    table.add(waiter);
    while (waiter.is_linked()) {
        if (!Fiber::suspend(deadline)) return -ETIMEDOUT;
    }
    return 0;
}

// FUTEX_WAIT has a duration, FUTEX_WAIT_BITSET a point in time on the clock that its flag names.
std::optional<Instant> deadline_of(int operation, bool real_time, const timespec* time) {
    if (time == nullptr) return Instant::never();
    const std::optional<Duration> duration = to_duration(*time);
    if (!duration) return std::nullopt;
    if (operation == kWait) return executor().now() + *duration;
    const Instant point = Instant::from_nanoseconds(duration->as_nanoseconds());
    if (!real_time || point.is_never()) return point;
    return executor().now() +
           Duration::nanoseconds(duration->as_nanoseconds() - this_core().clock->wall_now().nanoseconds);
}

std::size_t bounded(int count) {
    return count < 0 ? 0 : static_cast<std::size_t>(count);
}

}  // namespace

SYSTEM_CALL(futex, std::uint32_t* word, int operation, std::uint32_t value, const timespec* time,
            std::uint32_t* other, std::uint32_t value3) {
    FutexTable* table = part(&State::futexes);
    if (table == nullptr) return -ENOMEM;
    // For these, the fourth argument is a number.
    const auto count = static_cast<int>(value);
    const auto other_count = static_cast<int>(reinterpret_cast<std::intptr_t>(time));
    const int command = operation & ~(kPrivate | kRealTime);
    switch (command) {
        case kWait:
        case kWaitBits: {
            const std::uint32_t bits = command == kWait ? ~std::uint32_t{0} : value3;
            if (bits == 0) return -EINVAL;
            const std::optional<Instant> deadline = deadline_of(command, (operation & kRealTime) != 0, time);
            return deadline ? wait(*table, word, value, bits, *deadline) : -EINVAL;
        }
        case kWake:
            return static_cast<Outcome>(table->wake(word, bounded(count)));
        case kWakeBits:
            return static_cast<Outcome>(table->wake(word, bounded(count), value3));
        case kCompareRequeue:
            if (__atomic_load_n(word, __ATOMIC_RELAXED) != value3) return -EAGAIN;
            [[fallthrough]];
        case kRequeue: {
            const std::size_t woken = table->wake(word, bounded(count));
            return static_cast<Outcome>(woken + table->move(word, other, bounded(other_count)));
        }
        // musl asks whether there is priority inheritance and takes no for an answer.
        case kLockPi:
            return -ENOSYS;
        default:
            return refuse_use("futex with another operation", ENOSYS);
    }
}

}  // namespace holm::posix
