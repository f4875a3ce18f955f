#pragma once

// One connection of an http::Server. Internal to http_server.cpp and http_connection.cpp.

#include "holm/http.h"
#include "holm/http_takeover.h"
#include "kernel/network/tcp_stream.h"
#include "services/http/session.h"

namespace holm::http {

struct Server::Connection : ListHook<> {
    Connection(Server& owner, TcpStream opened)
        : server(owner), session(owner.context_, owner.read_time()), stream(std::move(opened)) {
        ++server.statistics_.connections_open;
        server.connections_.push_back(*this);
        server.connections_changed_.set();
    }
    ~Connection() {
        --server.statistics_.connections_open;
        server.connections_changed_.set();
    }

    // Hands over to TCP what it takes without waiting. False when the connection is broken.
    bool flush(Time time);
    void give_up(const char* what);
    // Bytes that TCP holds until the peer acknowledges them.
    std::size_t unacknowledged() const { return stream.connection().unacknowledged_bytes(); }
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
    Takeover* takeover = nullptr;    // whose the connection is
    std::uint64_t queued = 0;        // bytes handed over to TCP
    std::uint64_t acknowledged = 0;  // of those, at the last sweep
    Instant stalled_since = Instant::never();
};

}  // namespace holm::http
