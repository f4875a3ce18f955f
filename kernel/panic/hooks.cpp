// Where the C library, the compiler and the C++ library end a program: here all of that is a panic.

#include <__config>
#include <cstdlib>

#include "base/text_buffer.h"
#include "kernel/panic/panic.h"

extern "C" {

void abort() {
    holm::panic("the service called abort()");
}

[[noreturn]] void __assert_fail(const char* expression, const char* file, int line, const char* function) {
    holm::TextBuffer<512> where;
    where << expression << " in " << function << " (" << file << ":" << line << ")" << '\0';
    holm::panic("an assertion failed", where.text().data());
}

[[noreturn]] void __stack_chk_fail() {
    holm::panic("a function wrote beyond one of its local arrays (stack smashing detected)");
}

[[noreturn]] void __cxa_pure_virtual() {
    holm::panic("a pure virtual function was called: an object is used before it is made or after it died");
}
[[noreturn]] void __cxa_deleted_virtual() {
    holm::panic("a deleted virtual function was called");
}
}

// libc++'s checks that are not mere traps. The message is a format whose arguments add nothing but numbers.
_LIBCPP_BEGIN_NAMESPACE_STD
[[noreturn]] void __libcpp_verbose_abort(const char* format, ...) {
    holm::panic("the C++ library found a broken promise", format);
}
_LIBCPP_END_NAMESPACE_STD
