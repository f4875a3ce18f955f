#pragma once

// A scope owns the tasks that it starts: none of them outlives it. When one of them fails, the others are
// cancelled and join() reports it; cancel() cancels them on demand; leaving the scope without join() cancels
// what still runs.
//
//     Scope connections;
//     for (;;) connections.start(serve(co_await listener.accept()));
//
// with_scope() also makes the body one of the tasks, so that a failure anywhere ends all of it:
//
//     co_await with_scope([&](Scope& scope) -> Task<Result<>> { ... });

#include "base/result.h"
#include "kernel/task/root.h"
#include "kernel/task/task.h"
#include "kernel/task/waiter.h"

namespace holm {

class Scope {
  public:
    Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    // Cancels what still runs. An exception of a task that nobody has joined is a panic, as it is for a
    // thread.
    ~Scope();

    // The task becomes ready to run; it does not run before the caller suspends. False, and the task is
    // dropped, when there is no memory for it. The name is a string literal, for panic screen and watchdog.
    bool start(Task<> task, const char* name = "task");
    // A task that returns an error cancels the others.
    bool start(Task<Result<>> task, const char* name = "task");

    // The same for a function that makes the task, such as a lambda: it is kept as long as its task runs.
    // (The task of a lambda finds the captures in the lambda; `scope.start([&]() -> Task<> { ... }())` would
    // leave it without them.)
    template <typename Body>
        requires requires(Body& body) { body().handle(); }
    bool start(Body body, const char* name = "task") {
        return start(run_kept(std::move(body)), name);
    }

    // Cancels all tasks, as soon as the running task suspends. May be called from one of them. Tasks that are
    // started later run as usual.
    void cancel();

    bool empty() const { return tasks_.empty(); }

    class Join;
    // co_await join() waits until no task is left: a Result<>, an error if one failed. An exception of a task
    // is thrown here.
    Join join();

  private:
    class Child;

    struct Canceller final : Waiter {
        explicit Canceller(Scope& owner);
        Scope& scope;
    };

    template <typename Body>
    static auto run_kept(Body body) -> decltype(body()) {
        co_return co_await body();
    }

    template <typename T>
    bool start_task(Task<T>& task, const char* name);
    void finished(Child& child);
    static void drop(Child& child);
    void drop_all();

    IntrusiveList<Child, Scope> tasks_;
    WaitList joiners_;
    Canceller canceller_;
    Result<> error_;
    detail::Failure failure_;
    bool unclaimed_ = false;  // failure_ has not been seen by a join()
};

class [[nodiscard]] Scope::Join {
  public:
    explicit Join(Scope& scope) : scope_(scope) {}
    bool await_ready() const noexcept { return scope_.empty() && !scope_.canceller_.is_linked(); }
    template <typename Promise>
    void await_suspend(std::coroutine_handle<Promise> handle) noexcept {
        waiter_.arm(handle);
        scope_.joiners_.push_back(waiter_);
    }
    Result<> await_resume() {
        scope_.unclaimed_ = false;
        if (scope_.failure_) scope_.failure_.rethrow(scope_.failure_);
        return std::exchange(scope_.error_, {});
    }

  private:
    Scope& scope_;
    CoroutineWaiter waiter_;
};

inline Scope::Join Scope::join() {
    return Join(*this);
}

template <typename Body>
Task<Result<>> with_scope(Body body) {
    Scope scope;
    if (!scope.start(body(scope), "scope")) co_return fail(ErrorCode::kOutOfMemory, "no memory for a task");
    co_return co_await scope.join();
}

}  // namespace holm
