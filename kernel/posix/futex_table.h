#pragma once

// Who waits at which address. The logic of futexes without the waiting itself: queues of waiters by address,
// woken in the order of their arrival. Waiters lie on the stacks of those who wait.

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/intrusive_list.h"

namespace holm::posix {

class FutexWaiter : public ListHook<> {
  public:
    FutexWaiter(const std::uint32_t* address, std::uint32_t bits) : address_(address), bits_(bits) {}
    // Once: the waiter has left its queue.
    virtual void wake() = 0;

  protected:
    ~FutexWaiter() = default;

  private:
    friend class FutexTable;
    const std::uint32_t* address_;
    std::uint32_t bits_;
};

class FutexTable {
  public:
    void add(FutexWaiter& waiter) { queue_of(waiter.address_).push_back(waiter); }

    // Wakes up to `count` waiters at the address that share a bit with `bits`; returns how many.
    std::size_t wake(const std::uint32_t* address, std::size_t count, std::uint32_t bits = ~std::uint32_t{0});

    // Lets up to `count` waiters wait at `to` from now on; returns how many.
    std::size_t move(const std::uint32_t* from, const std::uint32_t* to, std::size_t count);

  private:
    using Queue = IntrusiveList<FutexWaiter>;
    static constexpr std::size_t kQueues = 32;  // addresses share queues; a wake passes over strangers

    Queue& queue_of(const std::uint32_t* address) {
        const auto number = reinterpret_cast<std::uintptr_t>(address) * 0x9e3779b97f4a7c15u;
        return queues_[number >> 59];
    }
    static_assert(kQueues == 1 << (64 - 59));

    std::array<Queue, kQueues> queues_;
};

}  // namespace holm::posix
