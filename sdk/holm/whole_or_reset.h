#pragma once

#include "kernel/network/tcp_stream.h"

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

}  // namespace holm::http
