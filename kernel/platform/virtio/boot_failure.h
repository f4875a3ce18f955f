#pragma once

// A start that went wrong: one sentence on the serial port, and the end with the status 125, as with a
// tender.

#include <string_view>

namespace holm::platform {

[[noreturn]] void boot_failure(std::string_view sentence);
[[noreturn]] void boot_failure(std::string_view sentence, std::string_view about);

// True once the library OS can be entered.
bool boot_is_over();

}  // namespace holm::platform
