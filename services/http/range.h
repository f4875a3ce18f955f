#pragma once

// Byte ranges of a representation (RFC 9110 §14). One range is served; a request for several gets the whole,
// which §14.2 allows and clients cope with, unless the service has asked for several_ranges.h.

#include <cstdint>
#include <string_view>

namespace holm::http {

struct RangeRequest {
    enum class Kind : std::uint8_t {
        kWhole,          // no range, several, or one that cannot be understood: the header is ignored
        kPart,           // bytes [first, first + length)
        kUnsatisfiable,  // 416
    };
    Kind kind = Kind::kWhole;
    std::uint64_t first = 0;
    std::uint64_t length = 0;
};

// Reads the value of a Range header against a representation of `size` bytes.
RangeRequest parse_range(std::string_view value, std::uint64_t size);

}  // namespace holm::http
