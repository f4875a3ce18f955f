#pragma once

// A fiber that runs a task and blocks until it has finished.

#include "kernel/task/executor.h"
#include "kernel/task/fiber.h"
#include "kernel/task/task.h"

namespace holm {

template <typename T>
T block_on(Task<T> task) {
    struct Run final : detail::Completion, CoroutineWaiter {
        Run()
            : Completion{[](Completion& self) noexcept -> std::coroutine_handle<> {
                  auto& run = static_cast<Run&>(self);
                  run.finished = true;
                  run.fiber->wake();
                  return std::noop_coroutine();
              }} {}
        Fiber* fiber = Fiber::current();
        bool finished = false;
    };
    if (task) {
        Run run;
        task.handle().promise().complete_with(run, run.fiber);
        run.arm(task.handle());
        executor().post(run);
        while (!run.finished) Fiber::suspend();
        run.fiber->set_body(nullptr);
    }
    return task.take();
}

}  // namespace holm
