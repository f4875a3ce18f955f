#pragma once

// How a system call is defined: musl calls __libos_sys_<number>(a, b, c, d, e, f) where Linux programs have a
// `syscall` instruction. Each is a function with the arguments it uses; a caller that passes more in
// registers does no harm.
//
//     SYSTEM_CALL(lseek, int descriptor, off_t offset, int whence) { ... }
//
// The result is Linux's: a value, or an errno from <errno.h> made negative.

#include <errno.h>
#include <sys/syscall.h>

#define HOLM_STRING_OF(text) #text
#define HOLM_SYMBOL_OF(number) "__libos_sys_" HOLM_STRING_OF(number)
#define SYSTEM_CALL(name, ...)                                                       \
    extern "C" long system_##name(__VA_ARGS__) __asm__(HOLM_SYMBOL_OF(__NR_##name)); \
    extern "C" long system_##name(__VA_ARGS__)

namespace holm::posix {

// What every system call returns: a value, or a negative errno.
using Outcome = long;

// Says on the console, the first time for each number, that the call is not implemented; counts it; returns
// -ENOSYS.
Outcome refuse(long number, const char* name);

// The same for one use of an implemented call, for instance an unknown option of it. `what` names the use and
// serves as its identity: a string literal.
Outcome refuse_use(const char* what, int error);

// Ends the image: `call` would have to wait, and it was not called from a fiber.
[[noreturn]] void cannot_block(const char* call);

}  // namespace holm::posix
