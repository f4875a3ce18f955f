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

#include <optional>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/result.h"
#include "holm/http.h"
#include "holm/http_takeover.h"
#include "kernel/task/mutex.h"
#include "kernel/task/task.h"
#include "services/websocket/handshake.h"
#include "services/websocket/session.h"

namespace holm::http {

class WebSocket {
  public:
    using CloseCode = websocket::CloseCode;

    struct Options : websocket::HandshakeOptions {
        std::size_t message = 1 << 20;  // bytes of a message; beyond: closed with 1009
        Duration ping_interval =
            Duration::seconds(30);  // of silence; after a second one the connection is dropped
        Duration patience = Duration::seconds(10);  // for a peer to take what is sent, and to answer a close
        std::int64_t rate = 1024;  // bytes a second that it takes of longer messages, at least
    };

    struct Message {
        Bytes data;  // valid until the next receive()
        bool is_text = false;
        std::string_view text() const { return as_text(data); }
    };

    WebSocket(Takeover& takeover, const Options& options);
    WebSocket(const WebSocket&) = delete;
    WebSocket& operator=(const WebSocket&) = delete;

    const Request& request() const { return takeover_.request(); }
    // The subprotocol that was agreed on; empty: none.
    std::string_view protocol() const { return websocket::choose_protocol(request(), options_); }

    // The next message; nothing once the connection is closed or lost. One task at a time.
    Task<std::optional<Message>> receive();

    // Result<>: the message is in the send buffer. Any number of tasks; messages do not mix. Errors:
    // kBrokenPipe after a close, kTimedOut when the peer does not take it, what ended the connection. What
    // they send must stay as it is until then. Text is the caller's to keep UTF-8. Cancelled while the peer
    // has not taken it all, the connection ends.
    Task<Result<>> send_text(std::string_view text) {
        return send_frame(websocket::Opcode::kText, as_bytes(text));
    }
    Task<Result<>> send_binary(Bytes bytes) { return send_frame(websocket::Opcode::kBinary, bytes); }
    Task<Result<>> send(const Message& message) {
        return send_frame(message.is_text ? websocket::Opcode::kText : websocket::Opcode::kBinary,
                          message.data);
    }

    // Says that nothing will follow. The peer's answer ends receive().
    Task<> close(CloseCode code = CloseCode::kNormal, std::string_view reason = {});

    // After receive() has returned nothing: the peer's code and reason; kAbnormal when it just went away.
    CloseCode close_code() const { return session_.close_code(); }
    std::string_view close_reason() const { return session_.close_reason(); }

    // The handler's life within the takeover; see add_websocket().
    Task<> run(Task<> handler);

  private:
    Task<Result<>> send_frame(websocket::Opcode opcode, Bytes payload);
    Task<Result<>> send_whole(Bytes frame);
    Task<> watch();
    Task<> finish(CloseCode code);
    Task<> drain();
    Instant send_deadline(std::size_t bytes) const;

    Takeover& takeover_;
    const Options& options_;
    websocket::Session session_;
    Mutex sending_;
    Instant heard_;
    bool ended_ = false;
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
