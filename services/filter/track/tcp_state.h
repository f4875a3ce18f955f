#pragma once

// TCP as someone in the middle sees it: the state of a connection, and whether a segment lies in the windows
// that both sides have told each other of. After Guido van Rooij, "Real Stateful TCP Packet Filtering in IP
// Filter" (2000), with the states, answers and timeouts of Linux, so that the same rules do the same.

#include <array>
#include <cstdint>
#include <optional>

#include "base/instant.h"
#include "services/packet/packet.h"

namespace holm::filter {

enum class TcpState : std::uint8_t {
    kNone,
    kSynSent,
    kSynReceived,
    kEstablished,
    kFinWait,
    kCloseWait,
    kLastAck,
    kTimeWait,
    kClose,
    kSynSent2,  // both sides have sent a SYN
    kInvalid,   // no state: what the table says of segments that cannot be
    kIgnore,    // of segments that may or may not be: they pass and change nothing
};

// A segment, read once.
struct TcpSegment {
    std::uint32_t sequence = 0;
    std::uint32_t acknowledgment = 0;
    std::uint32_t end = 0;   // sequence number behind it, SYN and FIN counted
    std::uint32_t sack = 0;  // right edge of the highest SACK block; the acknowledgment if there is none
    std::uint16_t window = 0;
    std::uint8_t flags = 0;
    std::uint8_t scale = 0;
    bool has_scale = false;
    bool sack_permitted = false;
    bool has_options = false;

    bool syn() const { return (flags & 2) != 0; }
    bool fin() const { return (flags & 1) != 0; }
    bool rst() const { return (flags & 4) != 0; }
    bool ack() const { return (flags & 16) != 0; }

    // Nothing for a header that is cut off and for flags that nobody sends.
    static std::optional<TcpSegment> parse(const packet::Packet& packet);
};

class TcpTracker {
  public:
    enum class Answer : std::uint8_t {
        kValid,    // the connection's state and timeout have been brought up to date
        kIgnored,  // passes as part of the connection, which stays as it was
        kInvalid,
        kInvalidEnd,  // invalid, and both sides have tried to end: the flow has five minutes left at most
        kClosed,      // valid, and the last one: the flow ends with it
        kReopened,    // a new connection between the same ports: the flow ends, the segment begins another
    };

    // False: no connection begins with such a segment.
    bool open(const TcpSegment& segment);
    Answer receive(const TcpSegment& segment, bool reply, bool seen_reply, bool assured, bool liberal);
    // The router has answered for one side with a reset: nobody will hear from the connection again. Nothing
    // if it is over already.
    std::optional<Duration> reset();
    TcpState state() const { return state_; }
    // Both sides have said that they are done, or one has reset the other.
    bool is_closing() const {
        return state_ == TcpState::kLastAck || state_ == TcpState::kTimeWait || state_ == TcpState::kClose;
    }
    // To be asked after receive(): both sides have been heard, and one of them has acknowledged.
    bool becomes_assured() const { return becomes_assured_; }
    // Zero: the flow keeps the time that it has.
    Duration timeout() const { return timeout_; }

  private:
    enum class Kind : std::uint8_t { kSyn, kSynAck, kFin, kAck, kRst, kNothing };
    enum class Fit : std::uint8_t { kFits, kIgnored, kOutside };
    struct Side {
        std::uint32_t end = 0;             // highest sequence number sent, plus one
        std::uint32_t maximum_end = 0;     // highest that the other side has allowed
        std::uint32_t maximum_window = 0;  // widest window told; 0: nothing has been heard of it
        std::uint32_t maximum_ack = 0;
        std::uint8_t scale = 0;
        bool has_scale = false;
        bool sack_permitted = false;
        bool has_ack = false;
        bool unacknowledged = false;  // has sent data that the other has not acknowledged
        bool closed_first = false;
        bool liberal = false;  // picked up in the middle: scales are unknown
    };

    static Kind kind_of(const TcpSegment& segment);
    static TcpState next_state(bool reply, Kind kind, TcpState state);
    Fit fits(const TcpSegment& segment, bool reply, Kind kind, bool liberal);
    void take_options(Side& side, const TcpSegment& segment);
    void set_timeout(const TcpSegment& segment, TcpState before, bool seen_reply);
    Answer refuse(Kind kind, bool reply, bool assured);
    void remember(const TcpSegment& segment, bool reply, Kind kind);

    std::array<Side, 2> sides_;
    TcpState state_ = TcpState::kNone;
    Kind last_kind_ = Kind::kNothing;
    bool last_reply_ = false;
    bool becomes_assured_ = false;
    Duration timeout_;
    std::uint8_t retransmissions_ = 0;
    std::uint8_t last_scale_ = 0;
    bool last_has_scale_ = false;
    bool last_sack_permitted_ = false;
    bool challenge_expected_ = false;
    bool simultaneous_ = false;  // both sides have sent a SYN
    std::uint16_t last_window_ = 0;
    std::uint32_t last_sequence_ = 0;
    std::uint32_t last_acknowledgment_ = 0;
    std::uint32_t last_end_ = 0;
};

}  // namespace holm::filter
