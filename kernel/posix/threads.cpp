// Threads are fibers: they take turns on the core, and switch only where they block or yield.

#include <sched.h>
#include <string.h>

#include "kernel/posix/futex_table.h"
#include "kernel/posix/state.h"
#include "kernel/posix/system_call.h"
#include "kernel/posix/thread.h"
#include "kernel/posix/wait.h"

namespace holm::posix {

extern "C" long system_munmap(std::uintptr_t address, std::size_t size) __asm__(HOLM_SYMBOL_OF(__NR_munmap));

// musl's, held by the thread that ends.
extern "C" [[gnu::visibility("hidden")]] std::uint32_t __thread_list_lock;

namespace {

void clear_and_wake(std::uint32_t* word) {
    __atomic_store_n(word, 0, __ATOMIC_RELEASE);
    if (state().futexes != nullptr) state().futexes->wake(word, 1);
}

void run_thread(void* argument) {
    const Thread& thread = *static_cast<Thread*>(argument);
    thread.function(thread.argument);
}

// On the executor's stack, with the thread's own no longer in use.
void end_thread(Fiber&, void* argument) {
    auto* thread = static_cast<Thread*>(argument);
    std::uint32_t* word = thread->clear_at_end;
    if (thread->mapping != 0) system_munmap(thread->mapping, thread->mapping_size);
    unmake(thread);
    if (word != nullptr) clear_and_wake(word);
}

// Null for the first thread and for fibers of the kernel.
Thread* current_thread() {
    Fiber* fiber = Fiber::current();
    if (fiber == nullptr || fiber->start().entry != run_thread) return nullptr;
    return static_cast<Thread*>(fiber->start().argument);
}

void clear_at_end_of_thread(std::uint32_t* word) {
    if (Thread* thread = current_thread()) thread->clear_at_end = word;
}

// The first thread's fiber is main's, whose end would be the instance's: it stays, and waits for nothing. The
// last thread that ends calls exit_group.
void end_this_thread() {
    blocking_fiber("the end of a thread");
    if (current_thread() != nullptr) Fiber::exit();
    clear_and_wake(&__thread_list_lock);
    for (;;) Fiber::suspend();
}

}  // namespace

// What pthread_create calls for clone(), with its arguments. The stack's lowest address is not among them and
// not needed: the mapping's guard bounds it.
extern "C" int __libos_clone(int (*function)(void*), void* stack, int, void* argument, int* parent_word,
                             std::uintptr_t thread_pointer, std::uint32_t* clear_at_end) {
    void* memory = std::malloc(sizeof(Thread));
    if (memory == nullptr) return -EAGAIN;
    auto* top = static_cast<std::byte*>(stack);
    constexpr std::size_t kAssumedSize = 4096;  // at least this much lies below the top
    auto* thread = ::new (memory) Thread{
        .function = function,
        .argument = argument,
        .id = ++state().last_thread_id,
        .clear_at_end = clear_at_end,
        .fiber = Fiber({.entry = run_thread,
                        .argument = memory,
                        .stack_low = top - kAssumedSize,
                        .stack_size = kAssumedSize,
                        .thread_pointer = thread_pointer,
                        .finished = end_thread,
                        .name = "thread"}),
    };
    state().end_this_thread = end_this_thread;
    state().clear_at_end = clear_at_end_of_thread;
    *parent_word = thread->id;
    thread->fiber.wake();
    return thread->id;
}

extern "C" [[noreturn]] void __libos_unmapself(std::uintptr_t mapping, std::size_t size) {
    if (Thread* thread = current_thread()) {
        thread->mapping = mapping;
        thread->mapping_size = size;
    }
    Fiber::exit();
}

// Robust mutexes outlive their process in shared memory; here there is neither.
SYSTEM_CALL(set_robust_list) {
    return 0;
}

SYSTEM_CALL(sched_yield) {
    if (Fiber::current() != nullptr) Fiber::yield();
    return 0;
}

// One core, so std::thread::hardware_concurrency() is one.
SYSTEM_CALL(sched_getaffinity, int, std::size_t size, unsigned long* mask) {
    if (size < sizeof(*mask)) return -EINVAL;
    *mask = 1;
    return sizeof(*mask);
}

// A core sees its own writes in order.
SYSTEM_CALL(membarrier) {
    return 0;
}

}  // namespace holm::posix
