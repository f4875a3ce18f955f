#pragma once

// What both ends of a WebSocket have: messages, pings, the close. A server's is in websocket.h, a client's in
// websocket_client.h.

#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/result.h"
#include "kernel/network/tcp_stream.h"
#include "kernel/task/mutex.h"
#include "kernel/task/task.h"
#include "services/http/drop.h"
#include "services/websocket/session.h"

namespace holm::http {

struct WebSocketLimits {
    std::size_t message = 1 << 20;  // bytes of a message; beyond: closed with 1009
    Duration ping_interval =
        Duration::seconds(30);                  // of silence; after a second one the connection is dropped
    Duration patience = Duration::seconds(10);  // for a peer to take what is sent, and to answer a close
    std::int64_t rate = 1024;                   // bytes a second that it takes of longer messages, at least
};

class WholeOrReset;

class WebSocketConnection {
  public:
    using CloseCode = websocket::CloseCode;

    struct Message {
        Bytes data;  // valid until the next receive()
        bool is_text = false;
        std::string_view text() const { return as_text(data); }
    };

    WebSocketConnection(const WebSocketConnection&) = delete;
    WebSocketConnection& operator=(const WebSocketConnection&) = delete;

    // The next message; nothing once the connection is closed or lost. One task at a time. While it waits
    // pings are answered, a silent peer is asked, and closing is agreed upon.
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

    // After receive() has returned nothing: the peer's code and reason, or the rule that it broke; kAbnormal
    // when it just went away.
    CloseCode close_code() const { return session_.close_code(); }
    std::string_view close_reason() const { return session_.close_reason(); }

  protected:
    // Connection and limits outlive this; so do the counters, where somebody counts.
    WebSocketConnection(TcpStream& stream, const WebSocketLimits& limits,
                        websocket::Session::MaskSource masks, DropCounters* drops);
    ~WebSocketConnection() = default;

    bool ended() const { return ended_; }
    bool failed() const { return session_.failed(); }
    // Closes and hears what is still to be heard.
    Task<> finish(CloseCode code);
    // What comes after the end is of no interest.
    Task<> drain();

  private:
    Task<Result<>> send_frame(websocket::Opcode opcode, Bytes payload);
    Task<Result<>> send_masked(websocket::Opcode opcode, Bytes payload, Instant deadline);
    Task<Result<>> send_whole(Bytes frame);
    Task<bool> ping();
    Instant send_deadline(std::size_t bytes) const;
    void count(Drop drop);
    void settle(WholeOrReset& whole, const Result<>& sent);

    TcpStream& stream_;
    const WebSocketLimits& limits_;
    DropCounters* drops_;
    websocket::Session session_;
    Mutex sending_;
    Instant quiet_until_;  // then a peer that was not heard of is asked, or given up
    bool asked_ = false;   // whether it is still there
    bool ended_ = false;
};

}  // namespace holm::http
