#pragma once

// Loss recovery decides which bytes were lost, which to send again, and how much may enter the network
// meanwhile; it tells congestion control about loss. With SACK losses are found by RACK (RFC 8985), without
// by counting duplicate ACKs (RFC 6582); the way through recovery is PRR's for both. After a timeout,
// everything that is old enough is sent again in slow start, unless F-RTO (RFC 5682) shows that it had only
// been slow.

#include <cstdint>
#include <span>

#include "base/instant.h"
#include "net/tcp/congestion/control.h"
#include "net/tcp/recovery/loss_probe.h"
#include "net/tcp/recovery/rack.h"
#include "net/tcp/recovery/rate_reduction.h"
#include "net/tcp/recovery/transmissions.h"
#include "net/tcp/recovery/undo.h"
#include "net/tcp/sequence.h"

namespace holm::net::tcp {

// What is outstanding: [una, next) was sent and not acknowledged.
struct Flight {
    Seq una;
    Seq next;
    std::uint32_t mss = 0;
    std::uint32_t size() const { return distance(una, next); }
};

// An acceptable acknowledgment.
struct Acknowledgment {
    Instant now;
    Flight flight;                     // once SND.UNA has moved
    Seq number;                        // SEG.ACK: less than SND.UNA if the segment is old
    std::uint32_t acked = 0;           // bytes by which it moved
    std::span<const SeqRange> blocks;  // SACK
    Instant echo = Instant::never();   // when the timestamp that came back was sent, to the millisecond
    bool duplicate = false;            // RFC 5681, section 2
    bool window_limited = false;       // the congestion window was in use
    bool congestion_echo = false;      // ECE (RFC 3168)
    bool may_send_new = false;         // there is data to send, and the peer's window takes it
    Duration smoothed;                 // round-trip time
};

class LossRecovery {
  public:
    // kReduction: the window goes down although nothing is known to be lost.
    enum class Phase : std::uint8_t { kOpen, kReduction, kRecovery, kAfterTimeout };
    static constexpr std::uint32_t kDuplicateThreshold = 3;  // DupThresh

    // `una`: where the flight begins; `rack`: outlives it.
    LossRecovery(ChunkPool& pool, Rack& rack, Seq una, bool sack);
    // The flight has ended: all of it is acknowledged. True: what is here will not be needed again. False
    // while something that the peer may say later, with the next flight, would change the window.
    bool rest();

    Phase phase() const { return phase_; }
    // Nothing is or may be lost: the fast path need not ask.
    bool idle() const {
        return phase_ == Phase::kOpen && duplicates_ == 0 && transmissions_.sacked() == 0 &&
               transmissions_.lost() == 0;
    }
    const Transmissions& transmissions() const { return transmissions_; }

    // --- what happens ---
    void on_sent(Instant now, SeqRange range) {
        transmissions_.append(range, now);
        note_sent(range.size());
    }
    void on_retransmitted(Instant now, SeqRange range);
    // `again`: the probe repeated data.
    void on_probe_sent(Seq next, bool again) { probe_.sent(next, again); }
    void on_acknowledgment(const Acknowledgment& ack, CongestionControl& congestion);
    void on_timeout(Instant now, const Flight& flight, Duration smoothed, CongestionControl& congestion);
    void on_reordering_deadline(Instant now, const Flight& flight, Duration smoothed,
                                CongestionControl& congestion);

    // --- what to do ---
    // Bytes that may be sent now, under a congestion window.
    std::uint32_t allowance(const Flight& flight, std::uint32_t window) const;
    // The next lost bytes to send again, at most `most`; empty if there are none or the allowance forbids it.
    SeqRange next_retransmission(const Flight& flight, std::uint32_t allowance, std::uint32_t most);
    // What to repeat as a tail loss probe.
    SeqRange tail(std::uint32_t most);
    // Nothing else would break the silence before the retransmission timer. RFC 8985, section 7.2, has no
    // probes in recovery. There are: at high loss over a short path, most of the time went by waiting for
    // that timer, because a retransmission or the one acknowledgment of all that was outstanding had been
    // lost.
    bool wants_probe() const {
        if (!sack_ || probe_.is_out() || transmissions_.empty()) return false;
        return phase_ == Phase::kRecovery ? transmissions_.under_way() > 0
                                          : phase_ == Phase::kOpen && transmissions_.sacked() == 0;
    }
    // F-RTO: new data, if there is any, tells more than lost data sent again.
    bool prefers_new_data() const { return frto_ == Frto::kProbing; }
    // There is none.
    void on_nothing_new(const Flight& flight) {
        if (flight.next == recovery_point_) frto_ = Frto::kOff;
    }
    // Congestion control has reduced its window and the peer does not know (CWR: RFC 3168, section 6.1.2).
    bool reduced() const { return reduced_; }
    void clear_reduced() { reduced_ = false; }
    // When on_reordering_deadline() wants to be called.
    Instant reordering_deadline() const { return reordering_deadline_; }
    // Bytes believed to be in the network.
    std::uint32_t pipe(const Flight& flight) const;

  private:
    enum class Frto : std::uint8_t { kOff, kWaiting, kProbing };
    // What one acknowledgment has delivered.
    struct Delivery {
        std::uint32_t bytes = 0;
        bool original = false;  // some that was sent only once, before the last timeout
        bool repeated = false;  // some that was sent again
        Duration rtt;           // of the last that was sent only once
    };

    Delivery take(const Acknowledgment& ack);
    void note_delivered(const Acknowledgment& ack, const Transmitted& run, Delivery& delivery);
    void take_duplicate_report(const Acknowledgment& ack, SeqRange block);
    bool find_losses(const Acknowledgment& ack);
    bool hurry(std::uint32_t mss) const;
    void grow(const Acknowledgment& ack, const Delivery& delivery, CongestionControl& congestion);
    void enter(Instant now, const Flight& flight, CongestionControl& congestion);
    void reduce(Instant now, const Flight& flight, CongestionControl& congestion, Phase phase);
    void continue_reduction(const Acknowledgment& ack, const Delivery& delivery, bool new_loss,
                            CongestionControl& congestion);
    void continue_after_timeout(const Acknowledgment& ack, const Delivery& delivery,
                                CongestionControl& congestion);
    void finish(const Acknowledgment& ack, CongestionControl& congestion);
    void take_back(CongestionControl& congestion);
    void note_sent(std::uint32_t bytes) {
        if (phase_ == Phase::kRecovery || phase_ == Phase::kReduction) reduction_.on_sent(bytes);
    }

    Transmissions transmissions_;
    Rack& rack_;
    RateReduction reduction_;
    Undo undo_;
    CongestionBefore before_;  // of the last reduction
    LossProbe probe_;
    Instant reordering_deadline_ = Instant::never();
    Instant timed_out_at_;
    Seq recovery_point_;            // RecoveryPoint / "recover": SND.NXT when the phase began
    Seq timed_out_;                 // SND.UNA at the last timeout
    std::uint32_t window_ = 0;      // in kReduction and kRecovery: cwnd, by PRR
    std::uint32_t duplicates_ = 0;  // without SACK: segments that have left the network behind a gap
    Phase phase_ = Phase::kOpen;
    Frto frto_ = Frto::kOff;
    bool sack_ = false;
    bool reduced_ = false;
    bool force_ = false;   // the first retransmission of a phase does not wait for the allowance
    bool rested_ = false;  // a flight has ended since the last reduction
};

}  // namespace holm::net::tcp
