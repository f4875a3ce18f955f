#pragma once

// Sequence numbers go round: which of two comes first (RFC 9293, section 3.4).

#include <cstdint>

namespace holm::filter {

constexpr bool before(std::uint32_t a, std::uint32_t b) {
    return std::int32_t(a - b) < 0;
}
constexpr bool after(std::uint32_t a, std::uint32_t b) {
    return before(b, a);
}

}  // namespace holm::filter
