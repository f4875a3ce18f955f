#pragma once

// Something that is suspended, a coroutine or a fiber, as a list node: it hangs in what it waits for, and
// then in the executor's ready queue. It is part of the suspended thing itself, so that waking allocates
// nothing, and it leaves whatever list it is in when that thing is destroyed: this is all that cancellation
// needs.

#include <coroutine>

#include "base/intrusive_list.h"

namespace holm {

class TaskRoot;

class Waiter : public ListHook<> {
  public:
    using Resume = void(Waiter&);

    explicit Waiter(Resume* resume, TaskRoot* root = nullptr) : resume_(resume), root_(root) {}

    // Only the executor calls this, with nothing else running on the core.
    void resume() { resume_(*this); }
    // Whom the suspended thing belongs to; null for the kernel's own callbacks.
    TaskRoot* root() const { return root_; }

  protected:
    ~Waiter() = default;
    void set_root(TaskRoot* root) { root_ = root; }

  private:
    Resume* resume_;
    TaskRoot* root_;
};

using WaitList = IntrusiveList<Waiter, void>;

// A suspended coroutine. Awaiters have one; `arm` is called from await_suspend.
class CoroutineWaiter : public Waiter {
  public:
    CoroutineWaiter() : Waiter([](Waiter& self) { static_cast<CoroutineWaiter&>(self).handle_.resume(); }) {}

    template <typename Promise>
    void arm(std::coroutine_handle<Promise> handle) {
        handle_ = handle;
        if constexpr (requires { handle.promise().root(); }) set_root(handle.promise().root());
    }

  private:
    std::coroutine_handle<> handle_;
};

}  // namespace holm
