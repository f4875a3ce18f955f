#pragma once

// One connection of an http::Server. Internal to http_server.cpp and http_connection.cpp.

#include "holm/http.h"
#include "holm/http_takeover.h"
#include "kernel/network/tcp_stream.h"
#include "services/http/session.h"

namespace holm::http {

// The access log as connections see it: an interface, so that images without a log do not contain it.
class Server::RequestLog {
  public:
    // An answer whose line waits until the client has it. Places count the bytes that were handed over to
    // TCP.
    struct Open {
        AccessLog::Line line;
        std::unique_ptr<Open> next = {};
        std::uint64_t begin = 0;  // of the content
        std::uint64_t end = kUnknown;
        std::uint64_t length = 0;  // 0: a stream
    };
    static constexpr std::uint64_t kUnknown = ~std::uint64_t{0};

    virtual ~RequestLog() = default;
    // Null when the line is written at once.
    virtual Open* answer(Connection& connection, const LogEntry& entry) = 0;
    // Writes the lines of what the client has; of everything, if the connection is over.
    virtual void settle(Connection& connection, bool over) = 0;
    virtual void flush() = 0;
};

struct Server::Connection : ListHook<> {
    Connection(Server& owner, TcpStream opened)
        : server(owner),
          session(owner.context_, owner.read_time()),
          stream(std::move(opened)),
          first(stream.connection().unacknowledged_from()) {
        ++server.statistics_.connections_open;
        server.connections_.push_back(*this);
        server.connections_changed_.set();
    }
    ~Connection() {
        if (open_lines) server.log_->settle(*this, true);
        --server.statistics_.connections_open;
        server.connections_changed_.set();
    }

    // Hands over to TCP what it takes without waiting. False when the connection is broken.
    bool flush(Time time);
    void give_up(const char* what);
    // Bytes that TCP holds until the peer acknowledges them.
    std::size_t unacknowledged() const { return stream.connection().unacknowledged_bytes(); }
    // Of the bytes that were handed over to TCP, those that the peer has, also when the connection is over:
    // then nothing is unacknowledged any more.
    std::uint64_t arrived() const {
        const std::uint32_t count = net::tcp::distance(first, stream.connection().unacknowledged_from());
        return queued - (static_cast<std::uint32_t>(queued) - count);
    }
    // To be called once each sweep: whether the peer has taken at least `least` bytes since the last call, or
    // everything.
    bool peer_took(std::size_t least);

    // flush() without a net.
    bool hand_over(Time time);

    Server& server;
    Session session;
    TcpStream stream;
    bool waits_for_room = false;  // the next byte of output is being offered to TCP: nobody else may send
    bool shut_down = false;
    net::tcp::Seq first;             // of the first byte
    Takeover* takeover = nullptr;    // whose the connection is
    std::uint64_t queued = 0;        // bytes handed over to TCP
    std::uint64_t acknowledged = 0;  // of those, at the last sweep
    Instant stalled_since = Instant::never();
    std::unique_ptr<RequestLog::Open> open_lines;  // the oldest first
};

}  // namespace holm::http
