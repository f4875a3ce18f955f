#include "kernel/posix/futex_table.h"

namespace holm::posix {

std::size_t FutexTable::wake(const std::uint32_t* address, std::size_t count, std::uint32_t bits) {
    std::size_t woken = 0;
    queue_of(address).for_each([&](FutexWaiter& waiter) {
        if (woken == count || waiter.address_ != address || (waiter.bits_ & bits) == 0) return;
        waiter.unlink();
        waiter.wake();
        ++woken;
    });
    return woken;
}

std::size_t FutexTable::move(const std::uint32_t* from, const std::uint32_t* to, std::size_t count) {
    if (from == to) return 0;
    std::size_t moved = 0;
    queue_of(from).for_each([&](FutexWaiter& waiter) {
        if (moved == count || waiter.address_ != from) return;
        waiter.address_ = to;
        queue_of(to).push_back(waiter);
        ++moved;
    });
    return moved;
}

}  // namespace holm::posix
