// Programs that go wrong, one way for each first argument; what is tested is what becomes of them.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <pthread.h>
#include <sys/mman.h>

namespace {

// Out of the optimiser's sight.
void* hide(void* address) {
    __asm__ volatile("" : "+r"(address) : : "memory");
    return address;
}

void free_twice() {
    void* block = hide(std::malloc(100));
    std::free(block);
    std::free(hide(block));
}

void free_of_nothing() {
    int local = 0;
    std::free(hide(&local));
}

void free_of_the_middle() {
    std::free(static_cast<char*>(hide(std::malloc(100))) + 16);
}

void write_after_free() {
    void* block = hide(std::malloc(48));
    std::free(block);
    std::memset(hide(block), 0x55, 48);
    hide(std::malloc(48));
}

[[gnu::noinline]] int recurse(int depth) {
    volatile char frame[1024];
    frame[0] = static_cast<char>(depth);
    return depth < 0 ? 0 : recurse(depth + 1) + frame[0];
}

void stack_of_a_thread() {
    std::thread([] { std::printf("%d\n", recurse(0)); }).join();
}

void outlive_main() {
    std::thread([] {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        std::puts("the other thread goes on");
    }).detach();
    pthread_exit(nullptr);
}

void exhaust() {
    std::vector<std::string> all;
    for (;;) all.emplace_back(100'000, 'x');
}

void exhaust_threads() {
    std::vector<std::thread> threads;
    try {
        for (;;) threads.emplace_back([] { std::this_thread::sleep_for(std::chrono::milliseconds(50)); });
    } catch (const std::system_error& error) {
        std::printf("after %zu threads: %s\n", threads.size(), error.what());
    }
    for (std::thread& thread : threads) thread.join();
    // Their stacks filled the heap: they serve others now.
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 64 << 10);
    pthread_t small;
    const auto nothing = [](void* argument) { return argument; };
    if (pthread_create(&small, &attributes, nothing, nullptr) == 0 && pthread_join(small, nullptr) == 0)
        std::puts("a smaller stack");
    std::size_t mappings = 0;
    while (mappings < threads.size() &&
           mmap(nullptr, 100 << 10, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
        ++mappings;
    if (mappings == threads.size()) std::puts("as many mappings as there were stacks");
}

}  // namespace

int main(int, char** argv) {
    const std::map<std::string, std::function<void()>> ways{
        {"free-twice", free_twice},
        {"free-of-nothing", free_of_nothing},
        {"free-of-the-middle", free_of_the_middle},
        {"write-after-free", write_after_free},
        {"stack-of-a-thread", stack_of_a_thread},
        {"outlive-main", outlive_main},
        {"exhaust", exhaust},
        {"exhaust-threads", exhaust_threads},
        {"abort", [] { std::abort(); }},
        {"exit", [] { std::exit(7); }},
    };
    ways.at(argv[1])();
    return 0;
}
