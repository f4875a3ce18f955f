#pragma once

// A start that went wrong: one sentence on the serial port, and the end with the status 125, as with a
// tender.

#include <string_view>
#include <type_traits>
#include <utility>

#include "base/result.h"

namespace holm::platform {

[[noreturn]] void boot_failure(std::string_view sentence);
[[noreturn]] void boot_failure(std::string_view sentence, std::string_view about);
// A name between the parts of a sentence.
[[noreturn]] void boot_failure(std::string_view before, std::string_view name, std::string_view after);

// The value, or the end of the boot: `what` cannot be used, and the error says why.
template <typename T>
T accept(Result<T> result, const char* what) {
    if (!result) boot_failure(what, result.error().what);
    if constexpr (!std::is_void_v<T>) return *std::move(result);
}

// True once the library OS can be entered.
bool boot_is_over();

}  // namespace holm::platform
