// What the C++ headers expect of a runtime library, which the tender does not link.

#include <string_view>

// A checked precondition of the library failed (std::string_view::substr and the like): a defect of the
// tender.
[[noreturn]] void std::__libcpp_verbose_abort(const char*, ...) {
    __builtin_trap();
}
