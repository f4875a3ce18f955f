#pragma once

// The sending half of a connection: what is outstanding, what may be sent, retransmission and persist timers.
// It knows nothing of headers or states: Connection asks next() for a transmission, emits it and reports it
// with sent().

#include <algorithm>
#include <cstdint>

#include "base/instant.h"
#include "net/tcp/congestion/algorithm.h"
#include "net/tcp/recovery/recovery_place.h"
#include "net/tcp/rtt.h"
#include "net/tcp/send_buffer.h"
#include "net/tcp/sequence.h"

namespace holm::net::tcp {

// One packet's worth of data: a segment, or several that the device will cut.
struct Transmission {
    // kPathProbe: new data, in one segment that is larger than the others. kWindowProbe: into a closed
    // window; kTailProbe: new or repeated data, RFC 8985, section 7.
    enum class Kind : std::uint8_t { kNew, kRetransmission, kWindowProbe, kTailProbe, kPathProbe };
    Seq sequence;
    std::uint32_t length = 0;  // payload bytes
    bool fin = false;
    bool push = false;
    Kind kind = Kind::kNew;
    bool again = false;  // was sent before
    bool empty() const { return length == 0 && !fin; }
    Seq end() const { return sequence + length + (fin ? 1 : 0); }
};

class Sender {
  public:
    Sender(const RttEstimator::Bounds& bounds, CongestionAlgorithm algorithm, ChunkPool& pool)
        : congestion_(algorithm), rtt_(bounds), pool_(&pool) {}
    ~Sender() { discard(); }

    // --- the handshake: Connection sends the SYN itself ---
    void start(Seq initial);
    void syn_sent(Instant now, bool again);
    // The SYN went out as a cookie: it is outstanding, and nobody knows since when.
    void restore_syn() { next_ = highest_ = una_ + 1; }
    // The SYN was acknowledged. `mss`: payload bytes a segment carries, options deducted.
    void establish(Instant now, std::uint32_t mss, bool sack);

    // --- from the service ---
    std::size_t append(Bytes bytes) { return buffer_.append(bytes, *pool_); }
    bool append_reference(Bytes bytes, BufferOwner* owner) {
        return buffer_.append_reference(bytes, owner, *pool_);
    }
    void finish() { finishing_ = true; }
    void set_no_delay(bool on) { no_delay_ = on; }
    void set_pacing(bool on) { pacing_ = on; }
    void discard() {
        buffer_.clear(*pool_);
        recovery_.end(*pool_);
    }

    // --- from the peer ---
    // SEG.ACK in (SND.UNA - MAX.SND.WND, SND.NXT] (RFC 5961, section 5.2)? The connection has checked it with
    // these:
    bool acknowledges_unsent(Seq ack) const { return ack > highest_; }
    bool acknowledges_too_old(Seq ack) const { return ack < una_ - largest_window_; }
    struct Arrival {
        Instant now;
        Seq sequence;
        Seq ack;
        std::uint32_t window = 0;  // scaled
        bool bare = false;         // neither data nor SYN nor FIN
        std::span<const SeqRange> sack;
        // When the timestamp that came back was sent, to the millisecond; never: there was none.
        Instant echo = Instant::never();
        bool congestion_echo = false;  // ECE, and we had agreed on ECN
    };
    // Takes an acceptable acknowledgment. Returns true if it acknowledged something new.
    bool acknowledge(const Arrival& arrival);
    void set_peer_window(Seq sequence, Seq ack, std::uint32_t window);
    void set_mss(std::uint32_t mss);

    // --- to the network ---
    // What to send next; empty when there is nothing to send or nothing may be sent. `burst`: payload bytes
    // that one packet may carry, at least one MSS.
    Transmission next(Instant now, std::uint32_t burst);
    void sent(Instant now, const Transmission& transmission);
    // New data of `length` bytes for one segment; empty if there is not so much, with three segments behind
    // it that would tell its loss (RFC 4821, section 7.3), if windows forbid it or something may be lost.
    Transmission path_probe(Instant now, std::uint32_t length) const;
    std::size_t gather(const Transmission& transmission, std::size_t& length, std::span<Bytes> pieces) {
        return buffer_.gather(distance(data_begin_, transmission.sequence), length, pieces);
    }

    // --- timers ---
    Instant deadline() const { return std::min({deadline_, early_, paced_}); }
    // on_deadline() will find that nothing was acknowledged for a retransmission timeout.
    bool times_out(Instant now) const { return timer_ == Timer::kRetransmit && now >= deadline_; }
    // Outstanding segments were too big for the path: send them again now.
    void resend(Instant now);
    // The deadline passed. False: the peer has been silent for `patience`, give up.
    bool on_deadline(Instant now, Duration patience);

    Seq una() const { return una_; }
    Seq next_sequence() const { return next_; }
    // SND.NXT, or beyond it what probes have used.
    Seq highest() const { return highest_; }
    std::uint32_t window() const { return window_; }
    // The first byte that the peer has no room for.
    Seq window_edge() const { return una_ + window_; }
    std::uint32_t mss() const { return mss_; }
    std::size_t buffered() const { return buffer_.size(); }
    // Up to where the peer has everything; stays when the buffer is discarded.
    Seq data_begin() const { return data_begin_; }
    // Buffered bytes that occupy our memory.
    std::size_t copied() const { return buffer_.size() - buffer_.referenced(); }
    std::size_t referenced() const { return buffer_.referenced(); }
    bool finishing() const { return finishing_; }
    bool finish_acknowledged() const { return fin_acknowledged_; }
    bool all_acknowledged() const { return una_ == next_; }
    const RttEstimator& rtt() const { return rtt_; }
    const CongestionControl& congestion() const { return *congestion_; }
    void set_congestion(CongestionAlgorithm algorithm) { congestion_.choose(algorithm, mss_); }
    // Null: nothing is outstanding.
    const LossRecovery* recovery() const { return recovery_ ? &*recovery_ : nullptr; }
    const Rack& rack() const { return rack_; }
    // ECN: the next new segment has to say that the window was reduced.
    bool owes_cwr() const { return recovery_ && recovery_->reduced(); }
    void cwr_sent() { recovery_->clear_reduced(); }
    std::uint32_t retransmissions() const { return retransmissions_; }

  private:
    enum class Timer : std::uint8_t { kNone, kRetransmit, kPersist };
    enum class EarlyTimer : std::uint8_t { kReordering, kTailProbe };

    Flight flight() const { return {una_, next_, mss_}; }
    Seq data_end() const { return data_begin_ + std::uint32_t(buffer_.size()); }
    bool nothing_lost() const { return !recovery_ || recovery_->idle(); }
    bool fin_due() const { return finishing_ && next_ == data_end(); }
    Transmission retransmission(SeqRange range, Transmission::Kind kind) const;
    Transmission lost_data(std::uint32_t allowance, std::uint32_t burst);
    Transmission new_data(std::uint32_t allowance, std::uint32_t burst) const;
    Transmission window_probe() const;
    std::uint32_t usable_window() const;
    bool waits_for_window() const;
    bool may_send_partial(std::uint32_t length, std::uint32_t usable) const;
    void set_timer(Timer timer, Instant deadline) { timer_ = timer, deadline_ = deadline; }
    void arm_early(Instant now);
    bool is_paced() const;
    std::uint64_t pacing_rate() const;
    std::uint32_t pacing_burst() const;
    Duration pacing_time(std::uint32_t bytes) const;
    Transmission tail_probe();
    void drop_acknowledged(Seq ack);
    void measure(const Arrival& arrival);

    SendBuffer buffer_;
    Seq una_;                   // SND.UNA
    Seq next_;                  // SND.NXT
    Seq highest_;               // what the peer may acknowledge: SND.NXT, or one more after a window probe
    Seq data_begin_;            // of the first byte in the buffer: SND.UNA once the SYN is acknowledged
    Seq small_end_;             // end of the last segment sent that was not full (Nagle)
    Seq window_sequence_;       // SND.WL1
    Seq window_ack_;            // SND.WL2
    std::uint32_t window_ = 0;  // SND.WND
    std::uint32_t largest_window_ = 0;  // MAX.SND.WND
    std::uint32_t mss_ = 536;
    std::uint32_t retransmissions_ = 0;
    std::uint32_t flight_before_ = 0;  // bytes outstanding when last sent: was the congestion window in use?

    Congestion congestion_;
    RecoveryPlace recovery_;  // there while something is outstanding, or is about to be
    Rack rack_;
    RttEstimator rtt_;

    Instant deadline_ = Instant::never();  // of timer_
    Instant paced_ = Instant::never();     // until when pacing holds back what could be sent
    Instant pace_;                         // when all that was sent would have left at the pacing rate
    Instant early_ = Instant::never();     // of early_timer_, before the retransmission timer
    Instant last_sent_;
    Instant retransmitted_at_;  // when something was last sent again
    Instant timed_at_ =
        Instant::never();  // when the segment ending at timed_end_ was sent; never: none is timed
    Instant unanswered_ = Instant::never();  // since when retransmissions or probes go unanswered
    Seq timed_end_;
    ChunkPool* pool_;
    Timer timer_ = Timer::kNone;
    std::uint8_t probes_ = 0;
    EarlyTimer early_timer_ = EarlyTimer::kReordering;
    bool window_probe_due_ = false;
    bool tail_probe_due_ = false;
    bool finishing_ = false;
    bool fin_sent_ = false;
    bool fin_acknowledged_ = false;
    bool no_delay_ = false;
    bool sack_ = false;  // agreed on
    bool pacing_ = false;
    bool syn_lost_ = false;
};

}  // namespace holm::net::tcp
