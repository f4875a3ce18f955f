#include "services/websocket/session.h"

#include <algorithm>
#include <cstring>

#include "base/network_order.h"
#include "services/json/utf8.h"

namespace holm::websocket {
namespace {

// Buffers of larger messages are not kept for the next one.
constexpr std::size_t kKept = 16 * 1024;

}  // namespace

Session::Received Session::receive(Bytes input) {
    const std::size_t offered = input.size();
    reply_size_ = 0;
    if (closed_) return {offered, Event::kClosed};
    if (std::exchange(message_taken_, false)) {
        if (message_.size() > kKept) message_.release();
        message_.shorten(0);
    }
    Event event = Event::kNone;
    while (event == Event::kNone) {
        if (!in_frame_) {
            if (!parse_head(input)) break;
            event = begin_frame();
            if (event != Event::kNone) break;
        }
        event = take_payload(input);
        if (event == Event::kNone && in_frame_) break;
    }
    return {event == Event::kClosed ? offered : offered - input.size(), event};
}

// Gathers a head that comes in pieces. False while it is not complete; head_.size is 0 when it breaks a rule.
bool Session::parse_head(Bytes& input) {
    const std::size_t part = std::min(input.size(), head_bytes_.size() - head_size_);
    std::memcpy(head_bytes_.data() + head_size_, input.data(), part);
    const std::size_t before = head_size_;
    const auto parsed = parse_frame(Bytes(head_bytes_).first(before + part),
                                    masks_ == nullptr ? Sender::kClient : Sender::kServer);
    if (parsed && !*parsed) {
        head_size_ += part;
        input = {};
        return false;
    }
    head_size_ = 0;
    if (!parsed) {
        fail(parsed.error());
        return true;
    }
    head_ = **parsed;
    input = input.subspan(head_.size - before);
    return true;
}

Session::Event Session::begin_frame() {
    if (closed_) return Event::kClosed;
    if (!is_control(head_.opcode)) {
        const bool continues = head_.opcode == Opcode::kContinuation;
        if (continues && !in_message_)
            return fail({CloseCode::kProtocolError, "nothing is there to be continued"});
        if (!continues && in_message_)
            return fail({CloseCode::kProtocolError, "a message begins before the last one has ended"});
        if (head_.length > most_ - message_.size())
            return fail({CloseCode::kTooBig, "the message is too long"});
        if (!continues) opcode_ = head_.opcode;
        in_message_ = !head_.final;
    }
    in_frame_ = true;
    frame_received_ = 0;
    return Event::kNone;
}

Session::Event Session::take_payload(Bytes& input) {
    const auto part =
        static_cast<std::size_t>(std::min<std::uint64_t>(input.size(), head_.length - frame_received_));
    MutableBytes taken;
    if (is_control(head_.opcode)) {
        taken = MutableBytes(control_).subspan(frame_received_, part);
        std::ranges::copy(input.first(part), taken.begin());
    } else {
        const std::size_t at = message_.size();
        if (!message_.append(as_text(input.first(part))))
            return fail({CloseCode::kTooBig, "there is no memory for the message"});
        taken = std::as_writable_bytes(std::span(message_.data() + at, part));
    }
    if (masks_ == nullptr) apply_mask(taken, head_.mask, frame_received_);
    frame_received_ += part;
    input = input.subspan(part);
    if (frame_received_ < head_.length) return Event::kNone;
    in_frame_ = false;
    return is_control(head_.opcode) ? end_control() : end_frame();
}

Session::Event Session::end_frame() {
    if (in_message_) return Event::kNone;
    if (is_text() && !json::is_utf8(message_.text()))
        return fail({CloseCode::kInvalidPayload, "a text message is not UTF-8"});
    message_taken_ = true;
    return Event::kMessage;
}

Session::Event Session::end_control() {
    const Bytes payload = Bytes(control_).first(head_.length);
    if (head_.opcode == Opcode::kClose) return take_close(payload);
    if (head_.opcode == Opcode::kPong) return Event::kPong;
    if (close_sent_) return Event::kNone;  // §5.5.1: nothing follows a close
    set_reply(Opcode::kPong, payload);
    return Event::kReply;
}

// §7.1.5, §7.4: the code, if there is one, and a reason for people.
Session::Event Session::take_close(Bytes payload) {
    CloseCode code = CloseCode::kNoStatus;
    if (payload.size() == 1) return fail({CloseCode::kProtocolError, "half a close code"});
    if (!payload.empty()) {
        NetU16 number;
        std::memcpy(&number, payload.data(), 2);
        code = static_cast<CloseCode>(std::uint16_t(number));
        if (!may_be_sent(code))
            return fail({CloseCode::kProtocolError, "a close code that must not be sent"});
        const std::string_view reason = as_text(payload.subspan(2));
        if (!json::is_utf8(reason)) return fail({CloseCode::kInvalidPayload, "a reason that is not UTF-8"});
        reason_size_ = reason.size();
        std::ranges::copy(reason, reason_.begin());
    }
    closed_ = true;
    close_code_ = code;
    if (!std::exchange(close_sent_, true))
        set_reply(Opcode::kClose, payload.first(std::min<std::size_t>(payload.size(), 2)));
    return Event::kClosed;
}

Session::Event Session::fail(Violation violation) {
    const std::string_view what(violation.what);
    if (!close_sent_) close(violation.code, what);
    closed_ = failed_ = true;
    close_code_ = violation.code;
    reason_size_ = std::min(what.size(), reason_.size());
    std::ranges::copy(what.substr(0, reason_size_), reason_.begin());
    return Event::kClosed;
}

Bytes Session::close(CloseCode code, std::string_view reason) {
    if (std::exchange(close_sent_, true)) return {};
    if (!may_be_sent(code)) {
        set_reply(Opcode::kClose, {});
        return reply();
    }
    std::size_t length = std::min(reason.size(), kMostControl - 2);
    while (length < reason.size() && length > 0 && (reason[length] & 0xc0) == 0x80) --length;
    std::array<std::byte, kMostControl> payload;
    const NetU16 number(static_cast<std::uint16_t>(code));
    std::memcpy(payload.data(), &number, 2);
    std::memcpy(payload.data() + 2, reason.data(), length);
    set_reply(Opcode::kClose, Bytes(payload).first(2 + length));
    return reply();
}

void Session::set_reply(Opcode opcode, Bytes payload) {
    const Mask mask = masks_ == nullptr ? Mask{} : masks_();
    const std::size_t head = masks_ == nullptr ? write_head(reply_, opcode, payload.size())
                                               : write_head(reply_, opcode, payload.size(), mask);
    const MutableBytes carried = MutableBytes(reply_).subspan(head, payload.size());
    std::ranges::copy(payload, carried.begin());
    apply_mask(carried, mask, 0);
    reply_size_ = head + payload.size();
}

}  // namespace holm::websocket
