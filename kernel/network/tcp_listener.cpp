#include "kernel/network/tcp_listener.h"

#include <new>

namespace holm {

Result<TcpListener> TcpListener::create(Reference<net::tcp::Listener> listener) {
    TcpListener created;
    created.state_.reset(new (std::nothrow) State(std::move(listener)));
    if (!created.state_) return fail(ErrorCode::kOutOfMemory, "no memory for a listener");
    return created;
}

TcpListener::State::~State() {
    listener->set_observer(nullptr);
    listener->close();
}

TcpListener::Accept::Accept(State& state, Instant deadline)
    : SocketWait(
          [](SocketWait& self) {
              auto& accept = static_cast<Accept&>(self);
              accept.accepted_ = accept.listener_.accept();
              return bool(accept.accepted_);
          },
          state.acceptors, deadline),
      listener_(*state.listener) {}

Result<TcpStream> TcpListener::Accept::await_resume() {
    if (timed_out()) return fail(ErrorCode::kTimedOut, "the deadline has passed");
    return TcpStream::create(std::move(accepted_));
}

}  // namespace holm
