#pragma once

// Fast retransmit and fast recovery: with SACK as RFC 6675 says, without as RFC 6582 (NewReno); limited
// transmit (RFC 3042) follows from the first and is emulated for the second; after a timeout, everything
// outstanding is sent again in slow start.

#include "net/tcp/loss_recovery.h"

namespace holm::net::tcp {

class SackRecovery final : public LossRecovery {
  public:
    enum class Phase : std::uint8_t { kOpen, kRecovery, kAfterTimeout };
    static constexpr std::uint32_t kDuplicateThreshold = 3;  // DupThresh

    explicit SackRecovery(ChunkPool& pool) : scoreboard_(pool) {}

    void start(Seq initial, bool sack) {
        sack_ = sack;
        recovery_point_ = high_retransmitted_ = lost_below_ = rescued_ = initial;
    }

    void discard() { scoreboard_.clear(); }

    Phase phase() const { return phase_; }
    // Nothing is or may be lost: the fast path need not ask.
    bool idle() const { return phase_ == Phase::kOpen && duplicates_ == 0 && scoreboard_.empty(); }
    const Scoreboard& scoreboard() const { return scoreboard_; }

    void on_acknowledgment(const Flight& flight, const Acknowledgment& ack,
                           CongestionControl& congestion) override;
    void on_timeout(Instant now, const Flight& flight, CongestionControl& congestion) override;
    std::uint32_t on_selective_acknowledgment(SeqRange block) override { return scoreboard_.add(block); }
    std::uint32_t allowance(const Flight& flight, std::uint32_t window) const override;
    SeqRange next_retransmission(const Flight& flight, std::uint32_t allowance) const override;
    SeqRange next_rescue(const Flight& flight, std::uint32_t allowance) const override;
    void on_retransmitted(SeqRange range, bool rescue) override;

  private:
    void enter(const Flight& flight, const Acknowledgment& ack, CongestionControl& congestion);
    void advance(const Flight& flight, const Acknowledgment& ack, CongestionControl& congestion);
    bool shows_loss(const Flight& flight) const;
    std::uint32_t pipe(const Flight& flight) const;
    template <typename Visit>
    void for_each_gap(const Flight& flight, Visit visit) const;

    Scoreboard scoreboard_;
    Seq recovery_point_;      // RecoveryPoint / "recover": SND.NXT when recovery began
    Seq high_retransmitted_;  // HighRxt: bytes before it were sent again in this recovery
    Seq lost_below_;          // bytes before it are lost even without the scoreboard saying so
    Seq rescued_;             // recovery point of the last rescue retransmission
    Seq timed_out_;           // SND.UNA at the last timeout
    std::uint32_t duplicates_ = 0;
    std::uint32_t undisturbed_ = 0;  // bytes outstanding when the first duplicate came
    std::uint32_t inflation_ = 0;    // without SACK: duplicate ACKs' bytes that have left the network
    Phase phase_ = Phase::kOpen;
    bool sack_ = false;
    bool force_ = false;  // the first retransmission of a recovery does not wait for the allowance
};

}  // namespace holm::net::tcp
