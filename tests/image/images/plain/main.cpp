// A plain main(), which runs on a fiber; its argument names what it does.

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>

namespace {

[[gnu::noinline]] int endless_recursion(int depth) {
    std::array<volatile int, 256> local;
    local[static_cast<std::size_t>(depth) % 256] = depth;
    return depth < 0 ? 0 : endless_recursion(depth + 1) + local[3];
}

}  // namespace

int main(int argument_count, char** arguments) {
    const std::string_view what = argument_count > 1 ? arguments[1] : "";
    if (what == "return") return 5;
    if (what == "exit") {
        std::printf("no newline at the end");
        std::exit(6);
    }
    if (what == "sleep") {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        std::puts("slept");
        return 0;
    }
    if (what == "stack") return endless_recursion(0);
    if (what == "thread-stack") {
        std::thread([] { std::printf("%d\n", endless_recursion(0)); }).join();
        return 0;
    }
    if (what == "throw") throw 42;
    if (what == "compute") {
        // Nobody is kept waiting: no watchdog.
        for (const std::clock_t end = std::clock() + 4 * CLOCKS_PER_SEC; std::clock() < end;) {
        }
        return 0;
    }
    std::printf("unknown: %s\n", arguments[1]);
    return 2;
}
