#include "holm/websocket.h"

#include <exception>

#include "kernel/task/deadline.h"
#include "kernel/task/scope.h"

namespace holm::http {

Task<> WebSocket::run(Task<> handler) {
    Scope helpers;
    takeover_.on_stop([this, &helpers] { helpers.start(close(CloseCode::kGoingAway), "websocket close"); });
    std::exception_ptr failure;
    try {
        if (handler) co_await std::move(handler);
    } catch (...) {
        failure = std::current_exception();
    }
    if (!ended())
        (void)co_await with_timeout(options_.patience,
                                    finish(failure ? CloseCode::kInternalError : CloseCode::kNormal));
    takeover_.on_stop({});
    if (failed()) {
        helpers.cancel();
        // It may still be sending: a reset in answer to that could overtake the close.
        takeover_.stream().shutdown_send();
        (void)co_await with_timeout(options_.patience, drain());
    }
    // The server says on its console what it was, and drops what is left of the connection.
    if (failure) std::rethrow_exception(failure);
}

}  // namespace holm::http
