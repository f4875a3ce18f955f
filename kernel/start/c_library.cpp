// Does what musl's __libc_start_main does, except for its precautions for set-user-ID programs: those open
// /dev/null, and so would put file descriptors and paths into every image.

#include "kernel/start/c_library.h"

#include <cstdint>

#include <elf.h>

#include "kernel/start/musl.h"
#include "kernel/start/thread_local_storage.h"

extern "C" {
[[gnu::visibility("hidden")]] extern std::size_t __hwcap;
extern char** __environ;
extern char* __progname;
extern char* __progname_full;

using Constructor = void (*)();
[[gnu::weak, gnu::visibility("hidden")]] extern Constructor const __init_array_start[];
[[gnu::weak, gnu::visibility("hidden")]] extern Constructor const __init_array_end[];
}

namespace holm {
namespace {

// The canary's second byte is zero, so that a string function that runs over the end of an array stops there.
[[gnu::always_inline]] inline void set_canary(const std::byte* random) {
    std::uint64_t canary;
    __builtin_memcpy(&canary, random, sizeof canary);
    canary &= ~std::uint64_t{0xff00};
    __asm__ volatile("movq %0, %%fs:0x28" : : "r"(canary) : "memory");
}

}  // namespace

// Its own frame spans two canaries.
[[gnu::no_stack_protector]] void start_c_library(const StartVector& vector, const std::byte* random) {
    __environ = vector.arguments + vector.argument_count + 1;
    char** after_environment = __environ;
    while (*after_environment) ++after_environment;
    __libc.auxv = reinterpret_cast<std::size_t*>(after_environment + 1);

    for (const std::size_t* entry = __libc.auxv; entry[0] != AT_NULL; entry += 2) {
        if (entry[0] == AT_HWCAP) __hwcap = entry[1];
        if (entry[0] == AT_PAGESZ) __libc.page_size = entry[1];
    }
    // The image's name has no folder in front.
    __progname = __progname_full = vector.arguments[0];

    start_thread_local_storage();
    set_canary(random);
}

void run_constructors() {
    for (const Constructor* constructor = __init_array_start; constructor != __init_array_end;
         ++constructor) {
        (*constructor)();
    }
}

}  // namespace holm
