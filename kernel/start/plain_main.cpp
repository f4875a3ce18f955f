#include "kernel/start/plain_main.h"

#include "abi/boot_info.h"
#include "kernel/core.h"
#include "kernel/panic/panic.h"
#include "kernel/task/executor.h"
#include "kernel/task/fiber.h"
#include "kernel/task/stack.h"

namespace holm {
namespace {

struct Call {
    PlainMainFunction* main;
    const StartVector& vector;
    int status;
};

}  // namespace

int run_plain_main(PlainMainFunction* main, const StartVector& vector) {
    Core& core = this_core();
    // As large as the stack that the manifest asked for, which the executor runs on in the meantime.
    Stack stack(*core.pages, *core.platform, core.boot->stack_size);
    if (!stack) panic("out of memory: no room for the stack of main()");
    Call call{main, vector, 0};
    Fiber fiber({
        .entry =
            [](void* argument) {
                auto& self = *static_cast<Call*>(argument);
                char** arguments = self.vector.arguments;
                char** environment = arguments + self.vector.argument_count + 1;
                self.status = self.main(self.vector.argument_count, arguments, environment);
            },
        .argument = &call,
        .stack_low = stack.low(),
        .stack_size = stack.size(),
        .finished = [](Fiber&, void*) { executor().stop(); },
        .name = "main",
    });
    fiber.wake();
    core.executor->run();
    return call.status;
}

}  // namespace holm
