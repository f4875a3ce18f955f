#pragma once

// Requests that no handler saw and connections that were given up, by why.

#include <array>
#include <cstdint>
#include <string_view>

#include "services/http/status.h"

namespace holm::http {

enum class Drop : std::uint8_t {
    kMalformed,           // 400
    kSlowRequest,         // 408
    kTooLarge,            // 413, 414, 431
    kUnsupported,         // 411, 417, 501, 505
    kNoMemory,            // 503
    kSilent,              // said nothing on a new connection
    kNotTaken,            // a response, a message or an event was not read in time
    kWebSocketViolation,  // closed with 1002 or 1007
    kWebSocketTooLong,    // closed with 1009
    kWebSocketSilent,     // asked, and did not answer
};
inline constexpr std::size_t kDrops = 10;
using DropCounters = std::array<std::uint64_t, kDrops>;

std::string_view to_string(Drop drop);
// Of a request that was refused with this status.
Drop drop_of(Status status);

}  // namespace holm::http
