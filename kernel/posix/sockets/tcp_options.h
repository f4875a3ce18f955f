#pragma once

// Options of TCP sockets that reach into the stack, kept while there is no connection to set them on, and
// what TCP_INFO tells.

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/instant.h"
#include "kernel/posix/open_file.h"
#include "net/tcp/connection.h"

namespace holm::posix {

class TcpOptions {
  public:
    // TCP_KEEPCNT, TCP_USER_TIMEOUT, SO_SNDBUF. -ENOPROTOOPT for others, -EINVAL for values that cannot be.
    Outcome set(int level, int name, int value);
    // TCP_CONGESTION: "cubic" or "reno"; -ENOENT for others.
    Outcome set_congestion(Bytes name);
    void apply(net::tcp::Connection& connection) const;

    // Writes the value of an option and returns its size; `connection` may be null. TCP_INFO is cut to the
    // room.
    Outcome get(int level, int name, const net::tcp::Connection* connection, MutableBytes room) const;

    std::uint8_t keep_alive_probes() const { return keep_alive_probes_; }

  private:
    std::optional<net::tcp::CongestionAlgorithm> congestion_;
    Duration user_timeout_;          // zero: the stack's
    std::uint32_t send_buffer_ = 0;  // zero: grows with the path
    std::uint8_t keep_alive_probes_ = 9;
};

}  // namespace holm::posix
