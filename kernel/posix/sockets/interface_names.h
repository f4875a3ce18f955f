#pragma once

// Network interfaces by name: "lo", and the names of the image's devices. Their numbers are the zones of the
// stack.

#include <cstdint>
#include <string_view>

namespace holm::posix {

// 0: there is none.
std::uint8_t zone_named(std::string_view name);
// Empty: there is none.
std::string_view name_of_zone(std::uint32_t zone);

}  // namespace holm::posix
