#include <holm/main.h>

holm::Task<> holm::main(holm::Machine& machine) {
    machine.console().print("hello from ", machine.arguments()[0], "\n");
    co_return;
}
