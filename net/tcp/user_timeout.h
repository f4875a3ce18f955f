#pragma once

// The user timeout option (RFC 5482): how long each side wants to wait for acknowledgments, so that both can
// outlast a disconnection, or give up together.

#include <algorithm>
#include <cstdint>

#include "base/instant.h"

namespace holm::net::tcp {

// Section 3: fifteen bits, of seconds or, if the highest bit is set, of minutes.
constexpr std::uint16_t encode_user_timeout(Duration timeout) {
    const std::int64_t seconds = std::max<std::int64_t>(timeout.as_seconds(), 1);
    if (seconds <= 0x7fff) return std::uint16_t(seconds);
    return std::uint16_t(0x8000U | std::uint16_t(std::min<std::int64_t>((seconds + 59) / 60, 0x7fff)));
}

constexpr Duration decode_user_timeout(std::uint16_t option) {
    const std::int64_t value = option & 0x7fffU;
    return (option & 0x8000U) != 0 ? Duration::minutes(value) : Duration::seconds(value);
}

// Section 3.1: USER_TIMEOUT = min(U_LIMIT, max(ADV_UTO, REMOTE_UTO, L_LIMIT)).
constexpr Duration agree_user_timeout(Duration ours, Duration theirs, Duration least, Duration most) {
    return std::min(most, std::max({ours, theirs, least}));
}

}  // namespace holm::net::tcp
