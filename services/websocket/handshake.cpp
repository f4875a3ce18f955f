#include "services/websocket/handshake.h"

#include <algorithm>

#include "base/sha1.h"
#include "services/http/characters.h"

namespace holm::websocket {
namespace {

using http::Request;
using http::Response;
using http::Status;

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t kKeyLength = 24;  // base64 of 16 bytes

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
    // It protects nothing: the protocol uses it to see that the server has understood what was asked.
    const Sha1Digest digest = sha1(as_bytes(std::string_view(text.data(), text.size())));
    std::array<char, 28> encoded;
    for (std::size_t i = 0; i < 7; ++i) {
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 3; ++j) group = group << 8 | (i * 3 + j < 20 ? digest[i * 3 + j] : 0);
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
