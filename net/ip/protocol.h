#pragma once

#include <cstdint>

namespace holm::net::ip {

// IANA protocol numbers, as far as the stack speaks them. A received number that is none of these is answered
// with "protocol unreachable".
enum class Protocol : std::uint8_t { kIcmp = 1, kIgmp = 2, kTcp = 6, kUdp = 17, kIcmpv6 = 58 };

}  // namespace holm::net::ip
