#pragma once

// Frames of the WebSocket protocol (RFC 6455 §5): their heads, and the mask over what clients send.

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace holm::websocket {

enum class Opcode : std::uint8_t {
    kContinuation = 0,
    kText = 1,
    kBinary = 2,
    kClose = 8,
    kPing = 9,
    kPong = 10,
};

constexpr bool is_control(Opcode opcode) {
    return static_cast<std::uint8_t>(opcode) >= 8;
}

// §7.4. The application's own lie from 3000 to 4999.
enum class CloseCode : std::uint16_t {
    kNormal = 1000,
    kGoingAway = 1001,
    kProtocolError = 1002,
    kUnsupportedData = 1003,
    kNoStatus = 1005,  // the peer gave none; never on the wire
    kAbnormal = 1006,  // the connection ended without a close; never on the wire
    kInvalidPayload = 1007,
    kPolicyViolation = 1008,
    kTooBig = 1009,
    kInternalError = 1011,
};

// What a peer may put into a close frame.
constexpr bool may_be_sent(CloseCode code) {
    const auto number = static_cast<std::uint16_t>(code);
    return (number >= 1000 && number <= 1003) || (number >= 1007 && number <= 1014) ||
           (number >= 3000 && number <= 4999);
}

inline constexpr std::size_t kMostControl = 125;  // bytes that a control frame carries

struct FrameHead {
    bool final = true;  // the message's last frame
    Opcode opcode = Opcode::kText;
    std::uint64_t length = 0;
    std::array<std::byte, 4> mask{};
    std::size_t size = 0;  // bytes of the head
};

// Why a connection fails: the code for the peer, and a sentence (a literal).
struct Violation {
    CloseCode code;
    const char* what;
};

enum class Sender : std::uint8_t { kClient, kServer };

// The head that `input` begins with; nothing while more bytes are needed. The frames of clients are masked,
// those of servers are not (§5.1), and there are no extensions that would give the reserved bits a meaning.
std::expected<std::optional<FrameHead>, Violation> parse_frame(Bytes input, Sender sender);

// A server's frames bear no mask. Returns how many bytes were written: at most kMostHead.
inline constexpr std::size_t kMostHead = 10;
std::size_t write_head(MutableBytes out, Opcode opcode, std::uint64_t length, bool final = true);

// A client's do, at most kMostMaskedHead bytes.
using Mask = std::array<std::byte, 4>;
inline constexpr std::size_t kMostMaskedHead = kMostHead + sizeof(Mask);
std::size_t write_head(MutableBytes out, Opcode opcode, std::uint64_t length, const Mask& mask);

// Puts the mask on, or takes it off; `offset`: where in the frame's payload these bytes lie.
void apply_mask(MutableBytes bytes, const Mask& mask, std::uint64_t offset);

}  // namespace holm::websocket
