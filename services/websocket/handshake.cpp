#include "services/websocket/handshake.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/network_order.h"
#include "services/http/characters.h"

namespace holm::websocket {
namespace {

using http::Request;
using http::Response;
using http::Status;

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t kKeyLength = 24;  // base64 of 16 bytes

// SHA-1 (RFC 3174) of at most 119 bytes, that is, of two blocks. It protects nothing here: the protocol uses
// it to see that the server has understood what was asked.
std::array<std::byte, 20> sha1(std::string_view text) {
    std::array<std::byte, 128> padded{};
    std::memcpy(padded.data(), text.data(), text.size());
    padded[text.size()] = std::byte{0x80};
    const std::size_t blocks = text.size() + 9 <= 64 ? 1 : 2;
    const NetU64 bits(text.size() * 8);
    std::memcpy(padded.data() + blocks * 64 - 8, &bits, 8);

    std::array<std::uint32_t, 5> h = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    for (std::size_t block = 0; block < blocks; ++block) {
        std::array<std::uint32_t, 80> w;
        for (std::size_t i = 0; i < 16; ++i) {
            NetU32 word;
            std::memcpy(&word, padded.data() + block * 64 + i * 4, 4);
            w[i] = word;
        }
        for (std::size_t i = 16; i < 80; ++i)
            w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        auto [a, b, c, d, e] = h;
        for (std::size_t i = 0; i < 80; ++i) {
            const std::uint32_t f = i < 20   ? ((b & c) | (~b & d)) + 0x5a827999
                                    : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1
                                    : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
                                             : (b ^ c ^ d) + 0xca62c1d6;
            const std::uint32_t next = std::rotl(a, 5) + f + e + w[i];
            e = std::exchange(d, std::exchange(c, std::rotl(std::exchange(b, std::exchange(a, next)), 30)));
        }
        const std::array<std::uint32_t, 5> add = {a, b, c, d, e};
        for (std::size_t i = 0; i < 5; ++i) h[i] += add[i];
    }
    std::array<std::byte, 20> digest;
    for (std::size_t i = 0; i < 5; ++i) {
        const NetU32 word(h[i]);
        std::memcpy(digest.data() + i * 4, &word, 4);
    }
    return digest;
}

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool is_key(std::string_view text) {
    return text.size() == kKeyLength && text.ends_with("==") &&
           std::ranges::all_of(text.substr(0, 22), [](char c) { return kBase64.contains(c); });
}

// Whether a token stands in one of the headers of this name.
bool names(const Request& request, std::string_view header, std::string_view token) {
    for (std::size_t i = 0; i < request.header_count(); ++i) {
        if (!http::equals_ignoring_case(request.header_name(i), header)) continue;
        for (std::string_view list = request.header_value(i); !list.empty();)
            if (http::equals_ignoring_case(http::next_list_item(list), token)) return true;
    }
    return false;
}

}  // namespace

std::array<char, 28> accept_key(std::string_view key) {
    std::array<char, kKeyLength + kGuid.size()> text;
    std::ranges::copy(kGuid, std::ranges::copy(key.substr(0, kKeyLength), text.begin()).out);
    const auto digest = sha1({text.data(), text.size()});
    std::array<char, 28> encoded;
    for (std::size_t i = 0; i < 7; ++i) {
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 3; ++j)
            group = group << 8 | (i * 3 + j < 20 ? std::to_integer<std::uint32_t>(digest[i * 3 + j]) : 0);
        for (std::size_t j = 0; j < 4; ++j) encoded[i * 4 + j] = kBase64[group >> (18 - 6 * j) & 63];
    }
    encoded[27] = '=';  // 20 bytes are six groups and two bytes
    return encoded;
}

std::string_view choose_protocol(const Request& request, const HandshakeOptions& options) {
    for (const std::string& protocol : options.protocols) {
        for (std::size_t i = 0; i < request.header_count(); ++i) {
            if (!http::equals_ignoring_case(request.header_name(i), "sec-websocket-protocol")) continue;
            for (std::string_view list = request.header_value(i); !list.empty();)
                if (http::next_list_item(list) == protocol) return protocol;
        }
    }
    return {};
}

Response answer_handshake(const Request& request, const HandshakeOptions& options) {
    if (request.method() != http::Method::kGet || !request.version_1_1() ||
        !names(request, "upgrade", "websocket") || !names(request, "connection", "upgrade")) {
        return Response::error(Status::kUpgradeRequired, "this address speaks WebSocket")
            .header("Upgrade", "websocket")
            .header("Connection", "Upgrade");
    }
    if (request.header("sec-websocket-version") != "13") {
        return Response::error(Status::kUpgradeRequired, "the WebSocket version is not 13")
            .header("Sec-WebSocket-Version", "13");
    }
    const std::string_view key = request.header("sec-websocket-key");
    if (!is_key(key))
        return Response::error(Status::kBadRequest, "Sec-WebSocket-Key is no base64 of 16 bytes");
    const std::string_view origin = request.header("origin");
    if (!options.origins.empty() && !origin.empty() && !std::ranges::contains(options.origins, origin))
        return Response::error(Status::kForbidden, "pages of this origin may not connect");

    const auto accept = accept_key(key);
    Response response(Status::kSwitchingProtocols);
    response.header("Upgrade", "websocket").header("Connection", "Upgrade");
    response.header("Sec-WebSocket-Accept", {accept.data(), accept.size()});
    if (const std::string_view protocol = choose_protocol(request, options); !protocol.empty())
        response.header("Sec-WebSocket-Protocol", protocol);
    return response;
}

}  // namespace holm::websocket
