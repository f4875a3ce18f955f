#pragma once

// The keys of the opening handshake (RFC 6455 §4.1, §4.2.2). They protect nothing: by them each end sees that
// the other has understood what was asked.

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace holm::websocket {

// Sec-WebSocket-Key: base64 of 16 random bytes.
using Key = std::array<char, 24>;
Key make_key(std::span<const std::byte, 16> random);
bool is_key(std::string_view text);

// Sec-WebSocket-Accept for a Sec-WebSocket-Key: base64 of the SHA-1 of the key and the protocol's GUID.
std::array<char, 28> accept_key(std::string_view key);

}  // namespace holm::websocket
