#pragma once

// A listening TCP port for tasks.

#include <memory>

#include "base/observer.h"
#include "base/reference.h"
#include "base/result.h"
#include "kernel/network/socket_wait.h"
#include "kernel/network/tcp_stream.h"
#include "net/tcp/listener.h"

namespace holm {

class TcpListener {
  public:
    class Accept;

    // Errors: kOutOfMemory.
    static Result<TcpListener> create(Reference<net::tcp::Listener> listener);
    TcpListener(TcpListener&&) noexcept = default;
    TcpListener& operator=(TcpListener&&) noexcept = default;

    // Result<TcpStream>: the connection that has waited longest. Errors: kOutOfMemory, kTimedOut.
    Accept accept(Instant deadline = Instant::never());

    const net::Endpoint& local() const { return state_->listener->local(); }

  private:
    struct State final : Observer {
        explicit State(Reference<net::tcp::Listener> open) : listener(std::move(open)) {
            listener->set_observer(this);
        }
        ~State();
        void notify() override { executor().post_all(acceptors); }

        Reference<net::tcp::Listener> listener;
        WaitList acceptors;
    };

    TcpListener() = default;
    std::unique_ptr<State> state_;
};

class [[nodiscard]] TcpListener::Accept final : public SocketWait {
  public:
    Accept(State& state, Instant deadline);
    Result<TcpStream> await_resume();

  private:
    net::tcp::Listener& listener_;
    Reference<net::tcp::Connection> accepted_;
};

inline TcpListener::Accept TcpListener::accept(Instant deadline) {
    return {*state_, deadline};
}

}  // namespace holm
