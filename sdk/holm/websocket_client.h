#pragma once

// The client's end of a WebSocket (RFC 6455):
//
//     const auto socket = co_await http::WebSocketClient::connect(machine.net(), "ws://10.0.0.1/feed");
//     if (!socket) co_return complain(socket.error().what);
//     (void)co_await (*socket)->send_text("hello");
//     while (const auto message = co_await (*socket)->receive()) use(message->text());
//
// There is no TLS: "wss" is refused. Redirects are not followed, extensions are not offered.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "holm/websocket_connection.h"
#include "kernel/network/network.h"
#include "services/http/client/response_parser.h"

namespace holm::http {

struct WebSocketClientOptions : WebSocketLimits {
    std::vector<std::string> protocols = {};  // subprotocols, the one liked best first
    // Besides those of the handshake: Origin, Authorization, …
    std::vector<std::pair<std::string, std::string>> headers = {};
    Duration connect = Duration::seconds(10);  // names, connection and handshake
};

namespace detail {

// What must be there before the connection.
struct WebSocketClientParts {
    WebSocketClientOptions options;
    TcpStream stream;
    ResponseHead head;
};

}  // namespace detail

class WebSocketClient final : detail::WebSocketClientParts, public WebSocketConnection {
  public:
    using Options = WebSocketClientOptions;

    // Errors: those of websocket::parse_url() and check_answer(), of Network::connect() and of
    // ResponseParser; kInvalid for a header or protocol that cannot be sent; kTimedOut.
    static Task<Result<std::unique_ptr<WebSocketClient>>> connect(Network& network, std::string url) {
        return connect(network, std::move(url), Options());
    }
    static Task<Result<std::unique_ptr<WebSocketClient>>> connect(Network& network, std::string url,
                                                                  Options options);

    // The server's answer to the handshake, and the subprotocol in it; empty: none.
    const ResponseHead& head() const { return WebSocketClientParts::head; }
    std::string_view protocol() const { return head().header("sec-websocket-protocol"); }

    // Closes and waits until the server has, at most Options::patience. A client that is destroyed without
    // ends its connection, and the server hears of no close.
    Task<> leave(CloseCode code = CloseCode::kNormal);

  private:
    explicit WebSocketClient(detail::WebSocketClientParts parts);
    Task<> say_goodbye(CloseCode code);
};

}  // namespace holm::http
