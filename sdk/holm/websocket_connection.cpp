#include "holm/websocket_connection.h"

#include <algorithm>
#include <array>

#include "holm/whole_or_reset.h"
#include "kernel/task/executor.h"

namespace holm::http {

using websocket::Opcode;

namespace {

// Of a masked message, in one piece.
constexpr std::size_t kMaskedPiece = 4096;

}  // namespace

WebSocketConnection::WebSocketConnection(TcpStream& stream, const WebSocketLimits& limits,
                                         websocket::Session::MaskSource masks, DropCounters* drops)
    : stream_(stream),
      limits_(limits),
      drops_(drops),
      session_(limits.message, masks),
      quiet_until_(executor().now() + limits.ping_interval) {}

Instant WebSocketConnection::send_deadline(std::size_t bytes) const {
    const Duration earned = Duration::seconds(static_cast<std::int64_t>(bytes) / limits_.rate);
    return executor().now() + limits_.patience + earned;
}

void WebSocketConnection::count(Drop drop) {
    if (drops_ != nullptr) ++(*drops_)[static_cast<std::size_t>(drop)];
}

void WebSocketConnection::settle(WholeOrReset& whole, const Result<>& sent) {
    whole.settle(sent.has_value());
    if (!sent && sent.error().code == ErrorCode::kTimedOut) count(Drop::kNotTaken);
}

Task<std::optional<WebSocketConnection::Message>> WebSocketConnection::receive() {
    while (!ended_) {
        const auto input = co_await stream_.receive(quiet_until_);
        const bool silent = !input && input.error().code == ErrorCode::kTimedOut;
        quiet_until_ = executor().now() + limits_.ping_interval;
        if (silent && !asked_) {
            asked_ = true;
            if (co_await ping()) continue;
        }
        if (silent) {
            count(Drop::kWebSocketSilent);
            stream_.abort();
        }
        if (!input || input->empty()) break;
        asked_ = false;
        const auto [consumed, event] = session_.receive(*input);
        stream_.consume(consumed);
        if (event == websocket::Session::Event::kMessage)
            co_return Message{session_.message(), session_.is_text()};
        if (!session_.reply().empty()) {
            // A copy: another task may close meanwhile, and the reply is made in the same place.
            const Bytes reply = session_.reply();
            std::array<std::byte, websocket::Session::kMostReply> frame;
            std::ranges::copy(reply, frame.begin());
            const std::size_t size = reply.size();
            if (!co_await send_whole(Bytes(frame).first(size))) break;
        }
        if (event == websocket::Session::Event::kClosed) {
            if (session_.failed())
                count(session_.close_code() == CloseCode::kTooBig ? Drop::kWebSocketTooLong
                                                                  : Drop::kWebSocketViolation);
            break;
        }
    }
    ended_ = true;
    co_return std::nullopt;
}

Task<Result<>> WebSocketConnection::send_frame(Opcode opcode, Bytes payload) {
    const Mutex::Lock lock = co_await sending_.lock();
    if (ended_ || session_.close_sent()) co_return fail(ErrorCode::kBrokenPipe, "the WebSocket is closed");
    const Instant deadline = send_deadline(payload.size());
    WholeOrReset whole(stream_);
    Result<> sent;
    if (session_.masks() != nullptr) {
        sent = co_await send_masked(opcode, payload, deadline);
    } else {
        std::array<std::byte, websocket::kMostHead> head;
        const std::size_t size = websocket::write_head(head, opcode, payload.size());
        sent = co_await stream_.send(Bytes(head).first(size), deadline);
        if (sent) sent = co_await stream_.send(payload, deadline);
    }
    settle(whole, sent);
    co_return sent;
}

// The caller's bytes stay as they are: what is masked is a copy.
Task<Result<>> WebSocketConnection::send_masked(Opcode opcode, Bytes payload, Instant deadline) {
    const websocket::Mask mask = session_.masks()();
    std::array<std::byte, websocket::kMostMaskedHead + kMaskedPiece> bytes;
    std::size_t size = websocket::write_head(bytes, opcode, payload.size(), mask);
    std::size_t done = 0;
    do {
        const MutableBytes piece =
            MutableBytes(bytes).subspan(size, std::min(kMaskedPiece, payload.size() - done));
        std::ranges::copy(payload.subspan(done, piece.size()), piece.begin());
        websocket::apply_mask(piece, mask, done);
        done += piece.size();
        Result<> sent = co_await stream_.send(Bytes(bytes).first(size + piece.size()), deadline);
        if (!sent) co_return sent;
        size = 0;
    } while (done < payload.size());
    co_return {};
}

Task<Result<>> WebSocketConnection::send_whole(Bytes frame) {
    const Mutex::Lock lock = co_await sending_.lock();
    WholeOrReset whole(stream_);
    const Result<> sent = co_await stream_.send(frame, send_deadline(0));
    settle(whole, sent);
    co_return sent;
}

Task<bool> WebSocketConnection::ping() {
    std::array<std::byte, websocket::kMostMaskedHead> frame;
    const std::size_t size = session_.masks() != nullptr
                                 ? websocket::write_head(frame, Opcode::kPing, 0, session_.masks()())
                                 : websocket::write_head(frame, Opcode::kPing, 0);
    co_return (co_await send_whole(Bytes(frame).first(size))).has_value();
}

Task<> WebSocketConnection::close(CloseCode code, std::string_view reason) {
    const Mutex::Lock lock = co_await sending_.lock();
    if (ended_ || session_.close_sent()) co_return;
    const Bytes frame = session_.close(code, reason);
    WholeOrReset whole(stream_);
    settle(whole, co_await stream_.send(frame, send_deadline(0)));
}

Task<> WebSocketConnection::finish(CloseCode code) {
    co_await close(code);
    while (co_await receive()) {
    }
}

Task<> WebSocketConnection::drain() {
    while (true) {
        const auto input = co_await stream_.receive();
        if (!input || input->empty()) co_return;
        stream_.consume(input->size());
    }
}

}  // namespace holm::http
