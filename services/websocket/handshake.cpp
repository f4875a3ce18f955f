#include "services/websocket/handshake.h"

#include <algorithm>

#include "services/http/characters.h"
#include "services/websocket/key.h"

namespace holm::websocket {
namespace {

using http::Request;
using http::Response;
using http::Status;

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
