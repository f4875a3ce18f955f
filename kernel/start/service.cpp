#include "kernel/start/service.h"

#include "abi/boot_info.h"
#include "kernel/panic/panic.h"
#include "kernel/start/machine.h"
#include "kernel/start/plain_main.h"
#include "kernel/task/scope.h"

// A plain main, under a name that C++ lets one mention.
extern "C" [[gnu::weak, gnu::visibility("hidden")]] int holm_plain_main(int, char**, char**) __asm__("main");

namespace holm {

// Only there if the service is one: link_image.py has the linker take it.
[[gnu::weak]] int run_plain_main(PlainMainFunction* main, const StartVector& vector);

namespace {

Task<> run_main(Machine& machine) {
    co_await main(machine);
    machine.executor().stop();
}

}  // namespace

int run_service(const StartVector& vector) {
    Machine machine(this_core(), {vector.arguments, static_cast<std::size_t>(vector.argument_count)});
    this_core().machine = &machine;
    if (&main != nullptr) {
        Scope service;
        if (!service.start(run_main(machine), "main")) panic("out of memory: no room for the first task");
        machine.executor().run();
        this_core().machine = nullptr;
        return machine.exit_status();
    }
    if (&holm_plain_main != nullptr) {
        return run_plain_main(holm_plain_main, vector);
    }
    panic("this image has no service: it defines neither holm::main(holm::Machine&) nor main()");
}

}  // namespace holm
