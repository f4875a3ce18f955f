#pragma once

// One connection of an http::Server. Internal to http_server.cpp and http_connection.cpp.

#include "holm/http.h"
#include "kernel/network/tcp_stream.h"
#include "services/http/session.h"

namespace holm::http {

// Both clocks of this core.
Time read_time();

struct Server::Connection : ListHook<> {
    Connection(Server& owner, TcpStream opened)
        : server(owner), session(owner.context_, read_time()), stream(std::move(opened)) {
        ++server.statistics_.connections_open;
        server.connections_.push_back(*this);
        server.connections_changed_.set();
    }
    ~Connection() {
        --server.statistics_.connections_open;
        server.connections_changed_.set();
    }

    // Hands over to TCP what it takes without waiting. False when the connection is broken.
    bool flush();
    // Bytes that TCP holds until the peer acknowledges them.
    std::size_t unacknowledged() const { return stream.connection().unacknowledged_bytes(); }

    Server& server;
    Session session;
    TcpStream stream;
    bool shut_down = false;
    std::size_t unacknowledged_before = 0;  // when deadlines were looked at last
};

}  // namespace holm::http
