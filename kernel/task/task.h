#pragma once

// Task<T>: a coroutine that starts when it is awaited and hands its result straight back to whoever awaits
// it.
//
// A task runs on one core and only while nothing else runs there, so code between two co_awaits is never
// interrupted. Cancelling a suspended task means destroying it: its local objects are destroyed, innermost
// first, and what it waited for forgets it. So every wait can be cancelled, none has to check for it, and
// clean-up belongs in destructors. Scope (scope.h) owns running tasks and cancels them; with_deadline
// (deadline.h) bounds how long one may take.
//
// Service code that is compiled with exceptions may let them leave a task: they reappear in the awaiting one.

#include <coroutine>
#include <cstddef>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/result.h"
#include "kernel/task/root.h"

// TRY for coroutines: evaluates to the value of a Result, or co_returns its error.
#define CO_TRY(expression)                                                   \
    __extension__({                                                          \
        auto holm_try_result = (expression);                                 \
        if (!holm_try_result) [[unlikely]]                                   \
            co_return std::unexpected(::std::move(holm_try_result).error()); \
        *::std::move(holm_try_result);                                       \
    })

namespace holm {

template <typename T>
class Task;

namespace detail {

// An exception on its way from one task to another. Kept behind function pointers so that only images whose
// tasks are compiled with exceptions contain the machinery.
struct Failure {
    void* exception = nullptr;            // holds a std::exception_ptr
    void (*rethrow)(Failure&) = nullptr;  // null: there is no exception
    void (*drop)(Failure&) noexcept = nullptr;

    Failure() = default;
    Failure(Failure&& other) noexcept
        : exception(std::exchange(other.exception, nullptr)),
          rethrow(std::exchange(other.rethrow, nullptr)),
          drop(std::exchange(other.drop, nullptr)) {}
    Failure& operator=(Failure&& other) noexcept {
        std::swap(exception, other.exception);
        std::swap(rethrow, other.rethrow);
        std::swap(drop, other.drop);
        return *this;
    }
    ~Failure() {
        if (drop) drop(*this);
    }
    explicit operator bool() const { return rethrow != nullptr; }
};
void capture_exception(Failure& failure) noexcept;

// Memory for coroutine frames; null when there is none.
void* allocate_frame(std::size_t size) noexcept;
void release_frame(void* frame) noexcept;
[[noreturn]] void frame_not_allocated();

// Who is told, instead of an awaiting coroutine, that a task has finished. The answer is what runs next.
struct Completion {
    std::coroutine_handle<> (*finished)(Completion&) noexcept;
};

class PromiseBase {
  public:
    struct Final {
        bool await_ready() const noexcept { return false; }
        template <typename Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> handle) const noexcept {
            PromiseBase& promise = handle.promise();
            promise.unlink();
            if (promise.completion_) return promise.completion_->finished(*promise.completion_);
            return promise.continuation_;
        }
        void await_resume() const noexcept {}
    };

    // Between a frame's address and its promise's lie the functions that resume and destroy it.
    static constexpr std::size_t kOffsetInFrame = 2 * sizeof(void*);

    PromiseBase() = default;
    PromiseBase(const PromiseBase&) = delete;
    PromiseBase& operator=(const PromiseBase&) = delete;
    ~PromiseBase() { unlink(); }

    std::suspend_always initial_suspend() const noexcept { return {}; }
    Final final_suspend() const noexcept { return {}; }
    void unhandled_exception() noexcept { capture_exception(failure_); }

    static void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
        return allocate_frame(size);
    }
    static void* operator new(std::size_t size) noexcept { return allocate_frame(size); }
    static void operator delete(void* frame) noexcept { release_frame(frame); }

    TaskRoot* root() const noexcept { return root_; }
    Failure& failure() noexcept { return failure_; }

    template <typename Promise>
    void continue_with(std::coroutine_handle<Promise> parent) noexcept {
        continuation_ = parent;
        if constexpr (requires { parent.promise().root(); }) root_ = parent.promise().root();
        if constexpr (std::is_base_of_v<PromiseBase, Promise>) {
            awaiting_ = &parent.promise();
            awaiting_->awaited_ = this;
        }
    }
    void complete_with(Completion& completion, TaskRoot* root) noexcept {
        completion_ = &completion;
        root_ = root;
        if (root) root->set_body(this);
    }

    // The task that this one waits for, if it is a task and has not finished: reports follow the chain.
    const PromiseBase* awaited() const noexcept { return awaited_; }

  private:
    // Either end may go first: a task that is cancelled, or one that is kept longer than what awaited it.
    void unlink() noexcept {
        if (awaiting_) awaiting_->awaited_ = nullptr;
        if (awaited_) awaited_->awaiting_ = nullptr;
        awaiting_ = awaited_ = nullptr;
    }

    std::coroutine_handle<> continuation_;
    Completion* completion_ = nullptr;
    TaskRoot* root_ = nullptr;
    PromiseBase* awaiting_ = nullptr;
    PromiseBase* awaited_ = nullptr;
    Failure failure_;
};

template <typename T>
class Promise final : public PromiseBase {
  public:
    Promise() noexcept {
        static_assert(alignof(Promise) <= kOffsetInFrame, "frames are aligned as malloc aligns");
    }
    Task<T> get_return_object() noexcept;
    static Task<T> get_return_object_on_allocation_failure() noexcept;
    template <typename U = T>
        requires std::is_constructible_v<T, U>
    void return_value(U&& value) noexcept(std::is_nothrow_constructible_v<T, U>) {
        value_.emplace(std::forward<U>(value));
    }
    T take() {
        if (failure()) [[unlikely]]
            failure().rethrow(failure());
        return *std::move(value_);
    }

  private:
    std::optional<T> value_;
};

template <>
class Promise<void> final : public PromiseBase {
  public:
    inline Task<void> get_return_object() noexcept;
    static inline Task<void> get_return_object_on_allocation_failure() noexcept;
    void return_void() const noexcept {}
    void take() {
        if (failure()) [[unlikely]]
            failure().rethrow(failure());
    }
};

}  // namespace detail

template <typename T = void>
class [[nodiscard]] Task {
  public:
    using promise_type = detail::Promise<T>;
    using Handle = std::coroutine_handle<promise_type>;

    Task() = default;
    explicit Task(Handle handle) noexcept : handle_(handle) {}
    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Task& operator=(Task&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~Task() {
        if (handle_) handle_.destroy();
    }

    // False when there was no memory for the task's frame. Awaiting such a task gives kOutOfMemory when T is
    // a Result, and panics otherwise.
    explicit operator bool() const noexcept { return handle_ != nullptr; }

    Handle handle() const noexcept { return handle_; }
    Handle release() noexcept { return std::exchange(handle_, nullptr); }

    // The result of a task that has finished.
    T take() {
        if (!handle_) [[unlikely]] {
            if constexpr (std::is_constructible_v<T, std::unexpected<Error>>) {
                return fail(ErrorCode::kOutOfMemory, "no memory for a task's frame");
            } else {
                detail::frame_not_allocated();
            }
        }
        return handle_.promise().take();
    }

    class Awaiter {
      public:
        explicit Awaiter(Task& task) : task_(task) {}
        bool await_ready() const noexcept { return !task_.handle_; }
        template <typename Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> parent) const noexcept {
            task_.handle_.promise().continue_with(parent);
            return task_.handle_;
        }
        T await_resume() const { return task_.take(); }

      private:
        Task& task_;
    };
    Awaiter operator co_await() && noexcept { return Awaiter(*this); }

  private:
    Handle handle_;
};

namespace detail {

template <typename T>
Task<T> Promise<T>::get_return_object() noexcept {
    return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}
template <typename T>
Task<T> Promise<T>::get_return_object_on_allocation_failure() noexcept {
    return {};
}
inline Task<void> Promise<void>::get_return_object() noexcept {
    return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object_on_allocation_failure() noexcept {
    return {};
}

}  // namespace detail
}  // namespace holm
