#pragma once

// A start that went wrong: one sentence on the serial port, and the end with the status 125, as with a
// tender.

#include <string_view>
#include <type_traits>
#include <utility>

#include "base/result.h"
#include "kernel/platform/virtio/serial_port.h"

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

// Where the sentence goes; holm_virtio_boot() starts it.
SerialPort& boot_port();

// True once the library OS can be entered: end_boot() was called.
bool boot_is_over();
void end_boot();

}  // namespace holm::platform
