#pragma once

// A connection that was taken over from HTTP: what Server::take_over() hands to the body.

#include "base/function.h"
#include "kernel/network/tcp_stream.h"
#include "kernel/task/scope.h"
#include "services/http/request.h"

namespace holm::http {

// Of a message that is being sent: half of it is none, and nothing that makes sense can follow it. So unless
// it was sent the connection ends, also when the sending task is cancelled.
class WholeOrReset {
  public:
    explicit WholeOrReset(TcpStream& stream) : stream_(stream) {}
    WholeOrReset(const WholeOrReset&) = delete;
    WholeOrReset& operator=(const WholeOrReset&) = delete;
    ~WholeOrReset() {
        if (!sent_) stream_.abort();
    }
    void settle(bool sent) { sent_ = sent; }

  private:
    TcpStream& stream_;
    bool sent_ = false;
};

class Takeover {
  public:
    Takeover(TcpStream& stream, const Request& request) : stream_(stream), request_(request) {}
    Takeover(const Takeover&) = delete;
    Takeover& operator=(const Takeover&) = delete;

    TcpStream& stream() { return stream_; }
    const Request& request() const { return request_; }

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
    Function<void()> stop_;
    Scope tasks_;
};

}  // namespace holm::http
