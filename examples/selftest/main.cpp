// Tries the one thing that its argument names. What must follow is known to cli/selftest/checks.cpp.

#include <holm/main.h>

#include "checks.h"

namespace selftest {

void announce(holm::Machine& machine, std::string_view text, std::uint64_t address) {
    holm::TextBuffer<24> number;
    number.hex(address);
    machine.console().print("trying: ", text, " 0x", number.text(), "\n");
    machine.console().flush();
}

void announce(holm::Machine& machine, std::string_view text) {
    machine.console().print("trying: ", text, "\n");
    machine.console().flush();
}

}  // namespace selftest

holm::Task<> holm::main(holm::Machine& machine) {
    const std::string_view wanted = machine.arguments().size() > 1 ? machine.arguments()[1] : "";
    for (const auto checks : {selftest::memory_checks(), selftest::privileged_checks(),
                              selftest::interface_checks(), selftest::fact_checks()}) {
        for (const selftest::Check& check : checks) {
            if (check.name != wanted) continue;
            check.run(machine);
            machine.console().print("survived\n");
            co_return;
        }
    }
    if (wanted == "wait") {
        machine.console().print("waiting\n");
        co_await machine.stop().wait();
        co_return;
    }
    machine.console().print("there is no check \"", wanted, "\"; holm selftest names them all\n");
    machine.set_exit_status(2);
}
