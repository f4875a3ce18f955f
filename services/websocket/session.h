#pragma once

// One end of a WebSocket, sans-I/O: bytes in, messages and replies out. Messages are put together from their
// fragments; control frames between these are dealt with at once (RFC 6455 §5.4, §5.5).

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "services/http/byte_buffer.h"
#include "services/websocket/frame.h"

namespace holm::websocket {

class Session {
  public:
    // New for each frame, and such as nobody can foretell: else a page could make a browser write what it
    // likes to whoever stands between (§10.3).
    using MaskSource = Mask (*)();

    // `most`: bytes of a message, all its fragments together; beyond: kTooBig. The server's end, unless there
    // are masks: those are for the client's.
    explicit Session(std::size_t most, MaskSource masks = nullptr) : most_(most), masks_(masks) {}
    MaskSource masks() const { return masks_; }

    enum class Event : std::uint8_t {
        kNone,     // more bytes are needed
        kMessage,  // message() is complete
        kReply,    // the peer's ping: send reply()
        kPong,
        kClosed,  // no event will follow; send reply(), if there is one, and end the connection
    };
    struct Received {
        std::size_t consumed = 0;  // bytes from the input's front
        Event event = Event::kNone;
    };
    // Takes bytes up to the next event.
    Received receive(Bytes input);

    // Of the last kMessage, until receive() is called again. Text is UTF-8.
    bool is_text() const { return opcode_ == Opcode::kText; }
    Bytes message() const { return as_bytes(message_.text()); }

    // A whole frame; empty: none.
    static constexpr std::size_t kMostReply = kMostMaskedHead + kMostControl;
    Bytes reply() const { return Bytes(reply_).first(reply_size_); }

    // A close frame, and that one was sent: the peer's will be no question but the answer. Empty if there is
    // nothing to say any more. A reason longer than 123 bytes is cut, between characters.
    Bytes close(CloseCode code, std::string_view reason = {});
    bool close_sent() const { return close_sent_; }
    // The peer broke a rule.
    bool failed() const { return failed_; }

    // After kClosed: what the peer said or, when it broke a rule, what it was told, with the rule.
    CloseCode close_code() const { return close_code_; }
    std::string_view close_reason() const { return {reason_.data(), reason_size_}; }

  private:
    bool parse_head(Bytes& input);
    Event begin_frame();
    Event take_payload(Bytes& input);
    Event end_frame();
    Event end_control();
    Event take_close(Bytes payload);
    Event fail(Violation violation);
    void set_reply(Opcode opcode, Bytes payload);

    std::size_t most_;
    MaskSource masks_;
    FrameHead head_;
    bool in_frame_ = false;
    bool in_message_ = false;     // more fragments follow
    bool message_taken_ = false;  // message_ was handed out
    bool closed_ = false;
    bool close_sent_ = false;
    bool failed_ = false;
    Opcode opcode_ = Opcode::kText;  // of the message
    std::uint64_t frame_received_ = 0;
    std::array<std::byte, 14> head_bytes_;
    std::size_t head_size_ = 0;
    http::ByteBuffer message_;
    std::array<std::byte, kMostControl> control_;
    std::array<std::byte, kMostReply> reply_;
    std::size_t reply_size_ = 0;
    CloseCode close_code_ = CloseCode::kAbnormal;
    std::array<char, kMostControl> reason_;
    std::size_t reason_size_ = 0;
};

}  // namespace holm::websocket
