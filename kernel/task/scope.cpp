#include "kernel/task/scope.h"

#include <new>

#include "kernel/panic/panic.h"
#include "kernel/task/executor.h"

namespace holm {

// One running task. As a Waiter it is first what starts the task and, once that has finished, what removes
// it: a frame is never destroyed while code of it is still on the stack.
class Scope::Child final : public TaskRoot, public detail::Completion, public Waiter, public ListHook<Scope> {
  public:
    template <typename T>
    Child(Scope& scope, std::coroutine_handle<detail::Promise<T>> frame, const char* name)
        : TaskRoot(name),
          Completion{finish},
          Waiter(step, this),
          scope_(scope),
          frame_(frame),
          promise_(frame.promise()),
          take_(take<T>) {
        promise_.complete_with(*this, this);
        executor().roots().push_back(*this);
    }
    ~Child() { frame_.destroy(); }

    detail::Failure& failure() { return promise_.failure(); }
    Result<> result() { return take_(frame_); }

  private:
    static std::coroutine_handle<> finish(Completion& self) noexcept {
        auto& child = static_cast<Child&>(self);
        child.finished_ = true;
        executor().post_front(child);
        return std::noop_coroutine();
    }

    static void step(Waiter& self) {
        auto& child = static_cast<Child&>(self);
        if (child.finished_) {
            child.scope_.finished(child);
        } else {
            child.frame_.resume();
        }
    }

    template <typename T>
    static Result<> take(std::coroutine_handle<> frame) {
        auto& promise = std::coroutine_handle<detail::Promise<T>>::from_address(frame.address()).promise();
        if constexpr (std::is_void_v<T>) {
            return {};
        } else {
            return promise.take();
        }
    }

    Scope& scope_;
    std::coroutine_handle<> frame_;
    detail::PromiseBase& promise_;
    Result<> (*take_)(std::coroutine_handle<>);
    bool finished_ = false;
};

Scope::Canceller::Canceller(Scope& owner)
    : Waiter([](Waiter& self) {
          Scope& cancelled = static_cast<Canceller&>(self).scope;
          cancelled.drop_all();
          executor().post_all(cancelled.joiners_);
      }),
      scope(owner) {}

Scope::Scope() : canceller_(*this) {}

Scope::~Scope() {
    drop_all();
    if (unclaimed_) failure_.rethrow(failure_);
}

template <typename T>
bool Scope::start_task(Task<T>& task, const char* name) {
    if (!task) return false;
    void* memory = detail::allocate_frame(sizeof(Child));
    if (!memory) return false;
    auto* child = ::new (memory) Child(*this, task.release(), name);
    tasks_.push_back(*child);
    executor().post(*child);
    return true;
}

bool Scope::start(Task<> task, const char* name) {
    return start_task(task, name);
}

bool Scope::start(Task<Result<>> task, const char* name) {
    return start_task(task, name);
}

void Scope::cancel() {
    executor().post_front(canceller_);
}

// Called with nothing else running on the core.
void Scope::finished(Child& child) {
    bool failed = false;
    if (child.failure()) {
        failed = true;
        if (!failure_) {
            failure_ = std::move(child.failure());
            unclaimed_ = true;
        }
    } else if (Result<> result = child.result(); !result) {
        failed = true;
        if (error_) error_ = result;
    }
    drop(child);
    if (failed) drop_all();
    if (tasks_.empty()) executor().post_all(joiners_);
}

void Scope::drop(Child& child) {
    child.~Child();
    detail::release_frame(&child);
}

void Scope::drop_all() {
    while (Child* child = tasks_.pop_front()) drop(*child);
}

}  // namespace holm
