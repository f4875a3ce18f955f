#include "holm/websocket.h"

#include <algorithm>
#include <array>
#include <exception>

#include "kernel/task/deadline.h"
#include "kernel/task/scope.h"
#include "kernel/task/sleep.h"

namespace holm::http {

using websocket::Opcode;

WebSocket::WebSocket(Takeover& takeover, const Options& options)
    : takeover_(takeover), options_(options), session_(options.message), heard_(executor().now()) {}

Instant WebSocket::send_deadline(std::size_t bytes) const {
    const Duration earned = Duration::seconds(static_cast<std::int64_t>(bytes) / options_.rate);
    return executor().now() + options_.patience + earned;
}

Task<std::optional<WebSocket::Message>> WebSocket::receive() {
    TcpStream& stream = takeover_.stream();
    while (!ended_) {
        const auto input = co_await stream.receive();
        if (!input || input->empty()) break;
        heard_ = executor().now();
        const auto [consumed, event] = session_.receive(*input);
        stream.consume(consumed);
        if (event == websocket::Session::Event::kMessage)
            co_return Message{session_.message(), session_.is_text()};
        if (!session_.reply().empty()) {
            // A copy: another task may close meanwhile, and the reply is made in the same place.
            const Bytes reply = session_.reply();
            std::array<std::byte, websocket::kMostHead + websocket::kMostControl> frame;
            std::ranges::copy(reply, frame.begin());
            const std::size_t size = reply.size();
            if (!co_await send_whole(Bytes(frame).first(size))) break;
        }
        if (event == websocket::Session::Event::kClosed) break;
    }
    ended_ = true;
    co_return std::nullopt;
}

Task<Result<>> WebSocket::send_frame(Opcode opcode, Bytes payload) {
    const Mutex::Lock lock = co_await sending_.lock();
    if (ended_ || session_.close_sent()) co_return fail(ErrorCode::kBrokenPipe, "the WebSocket is closed");
    std::array<std::byte, websocket::kMostHead> head;
    const std::size_t size = websocket::write_head(head, opcode, payload.size());
    const Instant deadline = send_deadline(payload.size());
    TcpStream& stream = takeover_.stream();
    WholeOrReset whole(stream);
    Result<> sent = co_await stream.send(Bytes(head).first(size), deadline);
    if (sent) sent = co_await stream.send(payload, deadline);
    whole.settle(sent.has_value());
    co_return sent;
}

Task<Result<>> WebSocket::send_whole(Bytes frame) {
    const Mutex::Lock lock = co_await sending_.lock();
    WholeOrReset whole(takeover_.stream());
    const Result<> sent = co_await takeover_.stream().send(frame, send_deadline(0));
    whole.settle(sent.has_value());
    co_return sent;
}

Task<> WebSocket::close(CloseCode code, std::string_view reason) {
    const Mutex::Lock lock = co_await sending_.lock();
    if (ended_ || session_.close_sent()) co_return;
    const Bytes frame = session_.close(code, reason);
    WholeOrReset whole(takeover_.stream());
    whole.settle((co_await takeover_.stream().send(frame, send_deadline(0))).has_value());
}

// Asks a silent peer whether it is still there, and drops one that is not.
Task<> WebSocket::watch() {
    bool asked = false;
    while (true) {
        const Instant before = heard_;
        co_await sleep_until(before + options_.ping_interval * (asked ? 2 : 1));
        if (heard_ != before) {
            asked = false;
            continue;
        }
        if (asked) {
            takeover_.stream().abort();
            co_return;
        }
        asked = true;
        std::array<std::byte, websocket::kMostHead> ping;
        const std::size_t size = websocket::write_head(ping, Opcode::kPing, 0);
        if (!co_await send_whole(Bytes(ping).first(size))) co_return;
    }
}

// What is still to be heard after the handler has returned.
Task<> WebSocket::finish(CloseCode code) {
    co_await close(code);
    while (co_await receive()) {
    }
}

// A peer that broke a rule may still be sending: a reset in answer to that could overtake the close.
Task<> WebSocket::drain() {
    TcpStream& stream = takeover_.stream();
    stream.shutdown_send();
    while (true) {
        const auto input = co_await stream.receive();
        if (!input || input->empty()) co_return;
        stream.consume(input->size());
    }
}

Task<> WebSocket::run(Task<> handler) {
    Scope helpers;
    takeover_.on_stop([this, &helpers] { helpers.start(close(CloseCode::kGoingAway), "websocket close"); });
    helpers.start(watch(), "websocket watch");
    std::exception_ptr failure;
    try {
        if (handler) co_await std::move(handler);
    } catch (...) {
        failure = std::current_exception();
    }
    if (!ended_)
        (void)co_await with_timeout(options_.patience,
                                    finish(failure ? CloseCode::kInternalError : CloseCode::kNormal));
    takeover_.on_stop({});
    if (session_.failed()) {
        helpers.cancel();
        (void)co_await with_timeout(options_.patience, drain());
    }
    // The server says on its console what it was, and drops what is left of the connection.
    if (failure) std::rethrow_exception(failure);
}

}  // namespace holm::http
