#pragma once

// Mutual exclusion over a stretch of a task that contains co_await; without one, a task is never interrupted
// and needs none. `const Mutex::Lock lock = co_await mutex.lock();`

#include <utility>

#include "kernel/task/semaphore.h"

namespace holm {

class Mutex {
  public:
    class [[nodiscard]] Lock {
      public:
        explicit Lock(Mutex& mutex) : mutex_(&mutex) {}
        Lock(Lock&& other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)) {}
        Lock& operator=(Lock&& other) noexcept {
            std::swap(mutex_, other.mutex_);
            return *this;
        }
        ~Lock() {
            if (mutex_) mutex_->permit_.release();
        }

      private:
        Mutex* mutex_;
    };

    [[nodiscard]] auto lock() {
        struct Awaiter : Semaphore::Acquire {
            explicit Awaiter(Mutex& owner) : Acquire(owner.permit_), mutex(owner) {}
            Lock await_resume() noexcept {
                Acquire::await_resume();
                return Lock(mutex);
            }
            Mutex& mutex;
        };
        return Awaiter(*this);
    }

    bool is_locked() const { return permit_.available() == 0; }

  private:
    Semaphore permit_{1};
};

}  // namespace holm
