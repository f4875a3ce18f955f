#pragma once

// A bounded queue between tasks of one core. A sender waits while it is full, a receiver while it is empty;
// after close() receivers get what is left and then nothing.

#include <array>
#include <cstddef>
#include <optional>
#include <utility>

#include "kernel/task/semaphore.h"

namespace holm {

template <typename T, std::size_t kCapacity>
class Channel {
  public:
    // co_await channel.send(value): false, and the value is dropped, when the channel is closed.
    [[nodiscard]] auto send(T value) {
        struct Awaiter : Semaphore::Acquire {
            Awaiter(Channel& owner, T item) : Acquire(owner.space_), channel(owner), value(std::move(item)) {}
            bool await_ready() noexcept { return channel.closed_ || Acquire::await_ready(); }
            bool await_resume() {
                if (!Acquire::await_resume()) return false;
                channel.put(std::move(value));
                return true;
            }
            Channel& channel;
            T value;
        };
        return Awaiter(*this, std::move(value));
    }

    // Without waiting; false when the channel is full or closed.
    bool try_send(T value) {
        if (closed_ || !space_.try_acquire()) return false;
        put(std::move(value));
        return true;
    }

    // co_await channel.receive(): nothing when the channel is closed and empty.
    [[nodiscard]] auto receive() {
        struct Awaiter : Semaphore::Acquire {
            explicit Awaiter(Channel& owner) : Acquire(owner.items_), channel(owner) {}
            bool await_ready() noexcept { return Acquire::await_ready() || channel.closed_; }
            std::optional<T> await_resume() {
                if (!Acquire::await_resume()) return std::nullopt;
                return channel.take();
            }
            Channel& channel;
        };
        return Awaiter(*this);
    }

    void close() {
        closed_ = true;
        space_.turn_away_all();
        items_.turn_away_all();
    }

    std::size_t size() const { return items_.available(); }

  private:
    void put(T value) {
        ring_[tail_++ % kCapacity].emplace(std::move(value));
        items_.release();
    }
    std::optional<T> take() {
        std::optional<T> value = std::exchange(ring_[head_++ % kCapacity], std::nullopt);
        space_.release();
        return value;
    }

    std::array<std::optional<T>, kCapacity> ring_;
    std::size_t head_ = 0;
    std::size_t tail_ = 0;
    Semaphore space_{kCapacity};
    Semaphore items_{0};
    bool closed_ = false;
};

}  // namespace holm
