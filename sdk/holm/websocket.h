#pragma once

// WebSocket (RFC 6455):
//
//     http::add_websocket(server, "/echo", [](http::WebSocket& socket) -> Task<> {
//         while (const auto message = co_await socket.receive()) (void)co_await socket.send(*message);
//     });
//
// Pings are answered and sent, and closing is agreed upon, while someone waits in receive(). When the handler
// returns the connection is closed with 1000, when it throws with 1011. When the operator asks the instance
// to stop, peers are told (1001), and receive() ends once they have answered.

#include <string_view>
#include <utility>

#include "holm/http.h"
#include "holm/http_takeover.h"
#include "holm/websocket_connection.h"
#include "services/websocket/handshake.h"

namespace holm::http {

class WebSocket : public WebSocketConnection {
  public:
    struct Options : websocket::HandshakeOptions, WebSocketLimits {};

    WebSocket(Takeover& takeover, const Options& options)
        : WebSocketConnection(takeover.stream(), options, nullptr, &takeover.drops()),
          takeover_(takeover),
          options_(options) {}

    const Request& request() const { return takeover_.request(); }
    // The subprotocol that was agreed on; empty: none.
    std::string_view protocol() const { return websocket::choose_protocol(request(), options_); }

    // The handler's life within the takeover; see add_websocket().
    Task<> run(Task<> handler);

  private:
    Takeover& takeover_;
    const Options& options_;
};

// A route for WebSockets. The handler is a callable from WebSocket& to Task<>; it lives as long as the
// server.
template <typename Callable>
Server& add_websocket(Server& server, std::string_view pattern, Callable handler,
                      WebSocket::Options options = {}) {
    return server.take_over(
        pattern, [options](const Request& request) { return websocket::answer_handshake(request, options); },
        [options, handler = std::move(handler)](Takeover& takeover) mutable -> Task<> {
            WebSocket socket(takeover, options);
            co_await socket.run(handler(socket));
        });
}

}  // namespace holm::http
