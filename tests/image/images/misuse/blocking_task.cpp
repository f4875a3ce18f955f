// A task that blocks: a panic, because nothing else could run meanwhile.

#include <chrono>
#include <thread>

#include <holm/main.h>

holm::Task<> holm::main(holm::Machine&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    co_return;
}
