#pragma once

// A Service behind real sockets on the loopback of the host, so that sessions meet real clients in tests. A
// test fixture: images have holm/http.h.

#include <atomic>
#include <cstdint>
#include <memory>

#include "services/http/service.h"
#include "services/http/session.h"

namespace holm::http {

class EpollServer {
  public:
    // Listens on 127.0.0.1; `port` 0 lets the system choose. Aborts when that fails.
    EpollServer(const Service& service, std::uint16_t port, Limits limits = {}, Timeouts timeouts = {});
    ~EpollServer();

    std::uint16_t port() const;
    // Serves until `stop` (noticed within 20 ms), then finishes what was started.
    void run(const std::atomic<bool>& stop);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace holm::http
