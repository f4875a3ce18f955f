#include "services/http/range.h"

#include <algorithm>
#include <optional>

#include "services/http/characters.h"

namespace holm::http {
namespace {

// 1*DIGIT; a number beyond 64 bits is as good as the greatest.
std::optional<std::uint64_t> parse_position(std::string_view digits) {
    if (digits.empty()) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : digits) {
        if (c < '0' || c > '9') return std::nullopt;
        if (__builtin_mul_overflow(value, 10u, &value) || __builtin_add_overflow(value, c - '0', &value)) {
            value = UINT64_MAX;
        }
    }
    return value;
}

}  // namespace

RangeRequest parse_range(std::string_view value, std::uint64_t size) {
    constexpr std::string_view kUnit = "bytes=";
    if (!equals_ignoring_case(value.substr(0, kUnit.size()), kUnit)) return {};
    const std::string_view spec = trim(value.substr(kUnit.size()));
    const std::size_t dash = spec.find('-');
    if (dash == spec.npos || spec.contains(',')) return {};

    if (dash == 0) {  // "-n": the last n bytes
        const auto suffix = parse_position(spec.substr(1));
        if (!suffix) return {};
        if (*suffix == 0 || size == 0) return {RangeRequest::Kind::kUnsatisfiable};
        const std::uint64_t length = std::min(*suffix, size);
        return {RangeRequest::Kind::kPart, size - length, length};
    }
    const auto first = parse_position(spec.substr(0, dash));
    const bool open = dash + 1 == spec.size();
    const auto last = open ? std::optional<std::uint64_t>(UINT64_MAX) : parse_position(spec.substr(dash + 1));
    if (!first || !last || *last < *first) return {};
    if (*first >= size) return {RangeRequest::Kind::kUnsatisfiable};
    return {RangeRequest::Kind::kPart, *first, std::min(*last, size - 1) - *first + 1};
}

}  // namespace holm::http
