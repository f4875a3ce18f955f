#pragma once

// The receiving half of a connection: the window, the bytes, and when to acknowledge them.

#include <cstdint>

#include "base/instant.h"
#include "net/tcp/options.h"
#include "net/tcp/receive_buffer.h"
#include "net/tcp/sack_list.h"
#include "net/tcp/sequence.h"

namespace holm::net::tcp {

class Receiver {
  public:
    static constexpr std::uint32_t kMinimumLimit = 4096;
    static constexpr std::uint32_t kMaximumLimit = 1U << 30U;

    // `limit`: bytes of the window that it announces at first; it grows up to `most`.
    Receiver(std::uint32_t limit, std::uint32_t most, ChunkPool& pool);
    ~Receiver() { buffer_.clear(*pool_); }

    // The peer's SYN arrived: `next` is the sequence number after it.
    void start(Seq next);
    // The smallest shift with which the whole limit can be announced (RFC 7323, section 2.3).
    std::uint8_t wanted_scale() const;
    // Once options are agreed: the shift of the windows that we announce, whether SACK is in use.
    void agree(std::uint8_t scale, bool sack) { scale_ = scale, sack_ = sack; }

    // RFC 9293, section 3.10.7.4, table 6: does any of the segment lie in the window?
    bool acceptable(Seq sequence, std::uint32_t length) const;

    struct Text {
        Instant now;
        Seq sequence;
        Bytes payload;
        BufferOwner* owner = nullptr;
        std::uint16_t segment_size = 0;  // payload bytes of each segment if the device coalesced several
        bool fin = false;
        bool push = false;
    };
    struct Taken {
        bool readable = false;  // new bytes in order
        bool finished = false;  // the FIN has its turn now
    };
    // A segment of which nothing is new: reported as D-SACK.
    void note_duplicate(Seq sequence, std::uint32_t length) {
        if (sequence < next_ && sequence + length <= next_)
            sacks_.add_duplicate({sequence, sequence + length});
    }
    Taken take(const Text& text, Duration acknowledgment_delay);

    // --- for the service ---
    Bytes readable() const { return buffer_.front(); }
    std::size_t readable_bytes() const { return buffer_.ready(); }
    // Returns true if the peer should hear of the larger window.
    bool consume(std::size_t bytes);
    // Nothing will come any more. What is in order stays where it lies: the service may be looking at it.
    void discard_ahead() { buffer_.clear_ahead(*pool_); }
    bool finished() const { return finished_; }
    std::uint32_t limit() const { return limit_; }
    // The service has decided: it does not grow any more.
    void set_limit(std::uint32_t limit);
    // Bytes have arrived; `round_trip`: as far as a timestamp tells, else zero.
    void tune(Instant now, Duration round_trip);

    // --- acknowledgments ---
    void acknowledge_now() { ack_ = Ack::kNow; }
    bool acknowledgment_due(Instant now) const {
        return ack_ == Ack::kNow || (ack_ == Ack::kDelayed && now >= ack_deadline_);
    }
    Instant deadline() const { return ack_ == Ack::kDelayed ? ack_deadline_ : Instant::never(); }
    bool has_sack() const { return sack_ && !sacks_.empty(); }
    void report_sack(Options& options) { sacks_.report(options); }
    // The window field of the next segment; may move the announced right edge. SYN segments are not scaled.
    std::uint16_t announce_window(bool syn = false);
    // A segment with our acknowledgment has left.
    void acknowledged() {
        ack_ = Ack::kNone;
        unacknowledged_ = 0;
        last_ack_sent_ = next_;
    }

    Seq next() const { return next_; }                                                   // RCV.NXT
    std::uint32_t window() const { return edge_ > next_ ? distance(next_, edge_) : 0; }  // RCV.WND
    Seq last_ack_sent() const { return last_ack_sent_; }
    std::uint8_t scale() const { return scale_; }
    bool has_ahead() const { return buffer_.has_ahead(); }

  private:
    enum class Ack : std::uint8_t { kNone, kDelayed, kNow };

    // Segments that are acknowledged at once: of a new connection, so that the peer's slow start is quick;
    // and after a gap, for the peer's window is small then, and an acknowledgment that is lost has others
    // behind it.
    static constexpr std::uint8_t kQuick = 8;
    static constexpr std::uint8_t kQuickAfterGap = 4;

    void schedule_acknowledgment(const Text& text, Duration delay);
    std::size_t bound() const { return 2 * std::size_t{limit_} + 16384; }
    Seq wanted_edge() const;

    ReceiveBuffer buffer_;
    SackList sacks_;
    Seq next_;
    Seq edge_;           // right edge of the announced window: RCV.NXT + RCV.WND. It never moves left.
    Seq last_ack_sent_;  // Last.ACK.sent (RFC 7323, section 4.3)
    Seq fin_sequence_;   // of the peer's FIN, once fin_seen_
    Instant ack_deadline_;
    ChunkPool* pool_;
    std::uint32_t limit_;
    std::uint32_t most_;       // of limit_
    std::uint32_t tuned_ = 0;  // bytes that the service took in the best round trip so far
    Seq round_begin_;          // RCV.NXT less what was readable, when the round trip began
    Instant round_at_;
    Duration round_trip_;                   // zero: not known yet
    std::uint32_t unacknowledged_ = 0;      // bytes received since we last acknowledged
    std::uint16_t segment_estimate_ = 536;  // the peer's segment size, as seen
    std::uint8_t quick_ = kQuick;           // segments that are acknowledged at once
    std::uint8_t scale_ = 0;
    Ack ack_ = Ack::kNone;
    bool sack_ = false;
    bool fin_seen_ = false;
    bool finished_ = false;
};

}  // namespace holm::net::tcp
