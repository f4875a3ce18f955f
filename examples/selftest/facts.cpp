// What must differ from start to start, and an instance that can be looked at from outside.

#include <holm/contract.h>

#include "checks.h"

namespace selftest {
namespace {

void report(holm::Machine& machine, std::uint64_t value) {
    holm::TextBuffer<24> number;
    number.hex(value);
    machine.console().print("value 0x", number.text(), "\n");
}

const holm_boot_info& boot() {
    return *holm::this_core().boot;
}

void image_base(holm::Machine& machine) {
    announce(machine, "several starts: where the image lies");
    report(machine, boot().image_base);
}
void heap_base(holm::Machine& machine) {
    announce(machine, "several starts: where the heap lies");
    report(machine, boot().heap_start);
}
void stack_base(holm::Machine& machine) {
    announce(machine, "several starts: where the stack lies");
    report(machine, boot().stack_low);
}
void canary(holm::Machine& machine) {
    announce(machine, "several starts: the stack canary");
    std::uint64_t value;
    __asm__("movq %%fs:0x28, %0" : "=r"(value));
    report(machine, value);
}
void random_number(holm::Machine& machine) {
    announce(machine, "several starts: the first random number");
    report(machine, machine.random().next());
}
// The boot info stays readable: the secret in it must not.
void seed_erased(holm::Machine& machine) {
    announce(machine, "read the random seed that came with the boot info");
    for (const std::uint8_t byte : boot().seed) {
        if (byte != 0) return;
    }
    machine.console().print("refused: it was erased at the start\n");
}

constexpr Check kChecks[] = {
    {"image-base", image_base}, {"heap-base", heap_base},         {"stack-base", stack_base},
    {"canary", canary},         {"random-number", random_number}, {"seed-erased", seed_erased},
};

}  // namespace

std::span<const Check> fact_checks() {
    return kChecks;
}

}  // namespace selftest
