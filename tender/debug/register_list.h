#pragma once

// The registers of x86-64 in the order in which gdb numbers them by our target description.

#include <cstddef>
#include <span>
#include <string_view>

#include "tender/debug/core_file.h"

namespace holm::tender {

constexpr std::size_t kRegisterCount = 16 + 8 + 8 + 8 + 16 + 1 + 1 + 2 + 16;

// What qXfer:features:read answers.
extern const std::string_view kTargetDescription;

// Bytes of a register on the wire.
std::size_t register_size(std::size_t number);

// Where a register lies; empty for those that are always unknown.
MutableBytes register_bytes(CoreThread& thread, std::size_t number);

}  // namespace holm::tender
