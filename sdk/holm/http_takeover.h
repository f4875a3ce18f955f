#pragma once

// A connection that was taken over from HTTP: what Server::take_over() hands to the body.

#include "base/function.h"
#include "kernel/network/tcp_stream.h"
#include "kernel/task/scope.h"
#include "services/http/drop.h"
#include "services/http/request.h"

namespace holm::http {

class Takeover {
  public:
    Takeover(TcpStream& stream, const Request& request, DropCounters& drops)
        : stream_(stream), request_(request), drops_(drops) {}
    Takeover(const Takeover&) = delete;
    Takeover& operator=(const Takeover&) = delete;

    TcpStream& stream() { return stream_; }
    const Request& request() const { return request_; }

    // The server's, for why a connection is given up.
    DropCounters& drops() { return drops_; }

    // What runs for this connection; the body is one of them. The connection ends when all have; cancel()
    // ends it now.
    Scope& tasks() { return tasks_; }

    // Called when the operator asks the instance to stop; unless set, the connection just ends.
    void on_stop(Function<void()> stop) { stop_ = std::move(stop); }
    void stop() {
        if (stop_) {
            stop_();
        } else {
            tasks_.cancel();
        }
    }

  private:
    TcpStream& stream_;
    const Request& request_;
    DropCounters& drops_;
    Function<void()> stop_;
    Scope tasks_;
};

}  // namespace holm::http
