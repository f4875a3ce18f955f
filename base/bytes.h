#pragma once

// Byte spans: the one way in which untyped memory is passed around.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace holm {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

inline Bytes as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

inline std::string_view as_text(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace holm
