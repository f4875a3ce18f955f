#include "services/websocket/key.h"

#include <algorithm>
#include <cstdint>

#include "base/bytes.h"
#include "base/sha1.h"

namespace holm::websocket {
namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Fills `out`, which has four characters for each three bytes, the last ones of them padding.
void encode_base64(Bytes bytes, std::span<char> out) {
    for (std::size_t i = 0; i < out.size() / 4; ++i) {
        std::uint32_t group = 0;
        for (std::size_t j = i * 3; j < i * 3 + 3; ++j)
            group = group << 8 | (j < bytes.size() ? std::to_integer<std::uint32_t>(bytes[j]) : 0);
        for (std::size_t j = 0; j < 4; ++j)
            out[i * 4 + j] = i * 3 + j <= bytes.size() ? kBase64[group >> (18 - 6 * j) & 63] : '=';
    }
}

}  // namespace

Key make_key(std::span<const std::byte, 16> random) {
    Key key;
    encode_base64(random, key);
    return key;
}

bool is_key(std::string_view text) {
    return text.size() == sizeof(Key) && text.ends_with("==") &&
           std::ranges::all_of(text.substr(0, 22), [](char c) { return kBase64.contains(c); });
}

std::array<char, 28> accept_key(std::string_view key) {
    std::array<char, sizeof(Key) + kGuid.size()> text;
    std::ranges::copy(kGuid, std::ranges::copy(key.substr(0, sizeof(Key)), text.begin()).out);
    const Sha1Digest digest = sha1(as_bytes(std::string_view(text.data(), text.size())));
    std::array<char, 28> encoded;
    encode_base64(std::as_bytes(std::span(digest)), encoded);
    return encoded;
}

}  // namespace holm::websocket
