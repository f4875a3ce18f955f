// std::terminate as a panic. Replaces libc++abi's own handlers; linked only into images that use exceptions.

#include <atomic>
#include <exception>
#include <new>
#include <typeinfo>

#include <cxxabi.h>

#include "base/text_buffer.h"
#include "kernel/panic/panic.h"
#include "kernel/panic/symbols.h"

namespace {

// The type, by the table that the build made (a demangler is twice as large as the rest of a small image),
// and the message of a std::exception.
[[noreturn]] void terminate_handler() {
    const std::type_info* type = abi::__cxa_current_exception_type();
    if (!type) holm::panic("std::terminate was called");
    holm::TextBuffer<512> detail;
    detail << holm::find_type_name(type->name());
    try {
        throw;
    } catch (const std::exception& error) {
        detail << ": " << error.what();
    } catch (...) {
    }
    detail << '\0';
    holm::panic("an exception was not caught", detail.text().data());
}

template <typename Handler>
Handler exchange(Handler& slot, Handler handler) {
    return std::atomic_ref(slot).exchange(handler);
}

}  // namespace

extern "C" {
std::terminate_handler __cxa_terminate_handler = terminate_handler;
void (*__cxa_unexpected_handler)() = std::terminate;
std::new_handler __cxa_new_handler = nullptr;

// What libc++abi says before it aborts.
[[noreturn]] void abort_message(const char* format, ...) {
    holm::panic("the C++ runtime cannot go on", format);
}
}

namespace std {

terminate_handler set_terminate(terminate_handler handler) noexcept {
    return exchange(__cxa_terminate_handler, handler ? handler : ::terminate_handler);
}
new_handler set_new_handler(new_handler handler) noexcept {
    return exchange(__cxa_new_handler, handler);
}

}  // namespace std
