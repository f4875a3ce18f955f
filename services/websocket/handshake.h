#pragma once

// The server's opening handshake (RFC 6455 §4.2): whether a request may become a WebSocket, and the answer.

#include <string>
#include <string_view>
#include <vector>

#include "services/http/request.h"
#include "services/http/response.h"

namespace holm::websocket {

struct HandshakeOptions {
    // Subprotocols in the server's order of preference; a client that offers none of them gets none.
    std::vector<std::string> protocols = {};
    // The origins whose pages may connect ("https://example.org"); empty: all. A browser sends the user's
    // cookies along whatever page asks, so a service that knows its users by cookies must say which pages it
    // trusts (§10.2).
    std::vector<std::string> origins = {};
};

// 101, or why not: 400, 403, 426 with the version that there is.
http::Response answer_handshake(const http::Request& request, const HandshakeOptions& options);

// The subprotocol that answer_handshake() agrees to; empty: none.
std::string_view choose_protocol(const http::Request& request, const HandshakeOptions& options);

}  // namespace holm::websocket
