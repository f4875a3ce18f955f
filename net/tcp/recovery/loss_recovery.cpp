#include "net/tcp/recovery/loss_recovery.h"

#include <algorithm>
#include <utility>

namespace holm::net::tcp {

LossRecovery::LossRecovery(ChunkPool& pool, Rack& rack, Seq una, bool sack)
    : transmissions_(pool), rack_(rack), recovery_point_(una - 1), sack_(sack) {
    rack_.on_acknowledged(una);
}

bool LossRecovery::rest() {
    if (phase_ != Phase::kOpen || probe_.is_out() || reduced_) return false;
    // The D-SACKs that would show a reduction to be a mistake are a round trip behind.
    return !undo_.is_active() || std::exchange(rested_, true);
}

void LossRecovery::on_retransmitted(Instant now, SeqRange range) {
    transmissions_.sent_again(range, now);
    undo_.on_retransmitted(now, range.size());
    rack_.on_retransmitted();
    note_sent(range.size());
    force_ = false;
}

// RFC 6675, section 4, SetPipe; without SACK each duplicate ACK stands for a segment.
std::uint32_t LossRecovery::pipe(const Flight& flight) const {
    const std::uint32_t gone = transmissions_.sacked() + transmissions_.lost() - transmissions_.under_way() +
                               duplicates_ * flight.mss;
    return flight.size() > gone ? flight.size() - gone : 0;
}

// That selectively acknowledged bytes count as gone is limited transmit too (RFC 3042).
std::uint32_t LossRecovery::allowance(const Flight& flight, std::uint32_t window) const {
    if (phase_ == Phase::kRecovery || phase_ == Phase::kReduction) window = window_;
    const std::uint32_t used = idle() ? flight.size() : pipe(flight);
    return window > used ? window - used : 0;
}

SeqRange LossRecovery::next_retransmission(const Flight& flight, std::uint32_t allowance,
                                           std::uint32_t most) {
    if (force_) allowance = std::max(allowance, flight.mss);
    const std::uint32_t whole = std::min(allowance, most) / flight.mss * flight.mss;
    const int index = transmissions_.next_lost(std::max(whole, flight.mss));
    if (index < 0) return {};
    const Transmitted& run = transmissions_.runs()[std::size_t(index)];
    const SeqRange range{run.begin, earlier(run.end, run.begin + std::max(whole, flight.mss))};
    return range.size() <= allowance ? range : SeqRange{};
}

SeqRange LossRecovery::tail(std::uint32_t most) {
    const int index = transmissions_.tail(most);
    if (index < 0) return {};
    const Transmitted& run = transmissions_.runs()[std::size_t(index)];
    return {earlier(later(run.begin, run.end - most), run.end), run.end};
}

bool LossRecovery::hurry(std::uint32_t mss) const {
    if (phase_ == Phase::kRecovery || phase_ == Phase::kAfterTimeout) return true;
    return transmissions_.sacked_runs() >= int(kDuplicateThreshold) ||
           transmissions_.sacked() > (kDuplicateThreshold - 1) * mss;
}

void LossRecovery::reduce(Instant now, const Flight& flight, CongestionControl& congestion, Phase phase) {
    undo_.stop();
    reduced_ = true;
    before_ = congestion.before();
    rested_ = false;
    congestion.on_congestion(now, flight.size());
    phase_ = phase;
    recovery_point_ = flight.next;
    window_ = std::min(congestion.window(), flight.size());
    reduction_.start(flight.size(), congestion.threshold());
}

void LossRecovery::enter(Instant now, const Flight& flight, CongestionControl& congestion) {
    probe_.cancel();
    if (phase_ == Phase::kReduction) {
        // One reduction a window of data (RFC 3168, section 6.1.2).
        phase_ = Phase::kRecovery;
        recovery_point_ = flight.next;
    } else {
        reduce(now, flight, congestion, Phase::kRecovery);
        undo_.start(flight.una);
    }
    force_ = true;
}

void LossRecovery::finish(const Acknowledgment& ack, CongestionControl& congestion) {
    const Flight& flight = ack.flight;
    std::uint32_t window = congestion.threshold();
    // RFC 6582, section 3.2, step 3, full acknowledgment, option 1: no burst from a window that is nearly
    // empty. With SACK, PRR has kept the network filled.
    if (!sack_) window = std::min(window, std::max(flight.size(), flight.mss) + flight.mss);
    congestion.set_window(window);
    phase_ = Phase::kOpen;
    duplicates_ = 0;
    force_ = false;
    rack_.on_recovered();
}

void LossRecovery::take_back(CongestionControl& congestion) {
    transmissions_.forgive();
    congestion.undo(before_);
    undo_.stop();
    phase_ = Phase::kOpen;
    frto_ = Frto::kOff;
    duplicates_ = 0;
    force_ = false;
}

void LossRecovery::on_timeout(Instant now, const Flight& flight, Duration smoothed,
                              CongestionControl& congestion) {
    const bool first = phase_ != Phase::kAfterTimeout || flight.una != timed_out_;
    // RFC 5682, section 2.1, step 1: not if something was sent again before.
    const bool fresh = phase_ == Phase::kOpen || phase_ == Phase::kReduction;
    if (fresh) {
        before_ = congestion.before();
        rested_ = false;
        undo_.start(flight.una);
    }
    frto_ = fresh || (phase_ == Phase::kAfterTimeout && !first) ? Frto::kWaiting : Frto::kOff;
    congestion.on_timeout(now, flight.size(), first);
    reduced_ = true;
    probe_.cancel();
    timed_out_ = flight.una;
    timed_out_at_ = now;
    phase_ = Phase::kAfterTimeout;
    recovery_point_ = flight.next;
    reordering_deadline_ = Instant::never();
    duplicates_ = 0;
    force_ = true;
    // RFC 2018, section 8: a peer that has the first byte and does not acknowledge it has thrown it away.
    if (!transmissions_.empty() && transmissions_.runs()[0].sacked) transmissions_.forget_selections();
    rack_.on_timeout(now, transmissions_, smoothed, !sack_);
}

void LossRecovery::on_reordering_deadline(Instant now, const Flight& flight, Duration smoothed,
                                          CongestionControl& congestion) {
    const std::uint32_t before = transmissions_.lost() - transmissions_.under_way();
    reordering_deadline_ = rack_.detect(now, transmissions_, hurry(flight.mss), smoothed);
    if (transmissions_.lost() - transmissions_.under_way() == before) return;
    if (phase_ == Phase::kOpen || phase_ == Phase::kReduction) {
        enter(now, flight, congestion);
        window_ = reduction_.on_delivered(0, pipe(flight), false, flight.mss);
    }
    force_ = true;
}

}  // namespace holm::net::tcp
