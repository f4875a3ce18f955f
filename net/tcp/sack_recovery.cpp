#include "net/tcp/sack_recovery.h"

#include <algorithm>

namespace holm::net::tcp {

// Calls visit(gap, lost) for each gap between the runs of the scoreboard, and for what follows the last run,
// in order. A gap is lost if DupThresh runs or more than (DupThresh - 1) * SMSS bytes above it were
// selectively acknowledged (RFC 6675, section 4, IsLost), or if it lies before lost_below_. `visit` returns
// false to stop.
template <typename Visit>
void SackRecovery::for_each_gap(const Flight& flight, Visit visit) const {
    std::uint32_t bytes_above = scoreboard_.sacked_bytes();
    auto runs_above = std::uint32_t(scoreboard_.runs().size());
    Seq begin = flight.una;
    const auto visit_gap = [&](Seq end) {
        const bool lost =
            runs_above >= kDuplicateThreshold || bytes_above > (kDuplicateThreshold - 1) * flight.mss;
        if (begin < lost_below_ && lost_below_ < end && !lost)
            return visit(SeqRange{begin, lost_below_}, true) && visit(SeqRange{lost_below_, end}, false);
        return visit(SeqRange{begin, end}, lost || end <= lost_below_);
    };
    for (const SeqRange& run : scoreboard_.runs()) {
        if (begin < run.begin && !visit_gap(run.begin)) return;
        begin = run.end;
        bytes_above -= run.size();
        --runs_above;
    }
    if (begin < flight.next) visit_gap(flight.next);
}

// RFC 6675, section 4, SetPipe: bytes believed to be in the network.
std::uint32_t SackRecovery::pipe(const Flight& flight) const {
    std::uint32_t bytes = 0;
    for_each_gap(flight, [&](SeqRange gap, bool lost) {
        if (!lost) bytes += gap.size();
        if (gap.begin < high_retransmitted_)
            bytes += distance(gap.begin, earlier(gap.end, high_retransmitted_));
        return true;
    });
    return bytes;
}

std::uint32_t SackRecovery::allowance(const Flight& flight, std::uint32_t window) const {
    std::uint32_t used = flight.size();
    if (!idle()) {
        // Without SACK, each duplicate says that one segment has left the network: RFC 3042 before recovery
        // (two segments at most), the inflated window of RFC 6582 in it.
        const bool early = !sack_ && phase_ == Phase::kOpen;
        window += early ? std::min(duplicates_, 2U) * flight.mss : inflation_;
        if (sack_ || phase_ == Phase::kAfterTimeout) used = pipe(flight);
    }
    return window > used ? window - used : 0;
}

bool SackRecovery::shows_loss(const Flight& flight) const {
    if (duplicates_ >= kDuplicateThreshold) return true;
    bool first_gap_lost = false;
    if (!scoreboard_.empty()) {
        for_each_gap(flight, [&](SeqRange, bool lost) {
            first_gap_lost = lost;
            return false;
        });
    }
    return first_gap_lost;
}

void SackRecovery::enter(const Flight& flight, const Acknowledgment& ack, CongestionControl& congestion) {
    phase_ = Phase::kRecovery;
    recovery_point_ = flight.next;
    high_retransmitted_ = flight.una;
    lost_below_ = flight.una + std::min(flight.mss, flight.size());
    force_ = true;
    inflation_ = sack_ ? 0 : kDuplicateThreshold * flight.mss;
    // RFC 5681, section 3.2, step 2: what limited transmit has sent does not count.
    congestion.on_congestion(ack.now,
                             duplicates_ > 0 ? std::min(undisturbed_, flight.size()) : flight.size());
}

// New data was acknowledged.
void SackRecovery::advance(const Flight& flight, const Acknowledgment& ack, CongestionControl& congestion) {
    duplicates_ = 0;
    high_retransmitted_ = later(high_retransmitted_, flight.una);
    const bool done = flight.una >= recovery_point_;
    switch (phase_) {
        case Phase::kOpen:
            if (ack.window_limited) congestion.on_acknowledged(ack.now, ack.acked);
            break;
        case Phase::kRecovery:
            if (done) {
                phase_ = Phase::kOpen;
                inflation_ = 0;
                force_ = false;
                congestion.on_recovered(ack.now, flight.size());
            } else if (!sack_) {
                // Partial acknowledgment (RFC 6582, section 3.2, step 3): the next segment is lost too.
                inflation_ -= std::min(inflation_, ack.acked);
                if (ack.acked >= flight.mss) inflation_ += flight.mss;
                high_retransmitted_ = flight.una;
                lost_below_ = flight.una + std::min(flight.mss, flight.size());
                force_ = true;
            }
            break;
        case Phase::kAfterTimeout:
            // RFC 3465, section 2.3: one segment at most. A jump over a filled gap says nothing of what the
            // network takes now.
            congestion.on_acknowledged(ack.now, std::min(ack.acked, flight.mss));
            if (done) phase_ = Phase::kOpen;
            break;
    }
    // lost_below_ must not fall so far behind that sequence numbers wrap round between them.
    if (phase_ == Phase::kOpen)
        lost_below_ = rescued_ = recovery_point_ = later(recovery_point_, flight.una - 1);
}

void SackRecovery::on_acknowledgment(const Flight& flight, const Acknowledgment& ack,
                                     CongestionControl& congestion) {
    scoreboard_.acknowledge(flight.una);
    if (ack.acked > 0) {
        advance(flight, ack, congestion);
    } else if (ack.duplicate) {
        if (++duplicates_ == 1) undisturbed_ = flight.size();
        if (phase_ == Phase::kRecovery && !sack_) inflation_ += flight.mss;
    }
    if (phase_ != Phase::kOpen || flight.size() == 0 || (duplicates_ == 0 && scoreboard_.empty())) return;
    // RFC 6582, section 3.2, step 2: duplicates that only echo our retransmissions after a timeout start
    // nothing. SACK blocks tell those apart by themselves.
    const bool beyond = sack_ ? flight.una >= recovery_point_ : flight.una > recovery_point_;
    if (beyond && shows_loss(flight)) enter(flight, ack, congestion);
}

void SackRecovery::on_timeout(Instant now, const Flight& flight, CongestionControl& congestion) {
    const bool first = phase_ != Phase::kAfterTimeout || flight.una != timed_out_;
    congestion.on_timeout(now, flight.size(), first);
    timed_out_ = flight.una;
    phase_ = Phase::kAfterTimeout;
    scoreboard_.clear();  // RFC 2018, section 8: the peer may have discarded what it had only selectively
                          // acknowledged
    recovery_point_ = lost_below_ = flight.next;
    high_retransmitted_ = flight.una;
    duplicates_ = inflation_ = 0;
    force_ = true;
}

// RFC 6675, section 4, NextSeg, rule 1.
SeqRange SackRecovery::next_retransmission(const Flight& flight, std::uint32_t allowance) const {
    SeqRange found;
    if (phase_ == Phase::kOpen) return found;
    for_each_gap(flight, [&](SeqRange gap, bool lost) {
        if (!lost || gap.end <= high_retransmitted_) return true;
        const Seq begin = later(gap.begin, high_retransmitted_);
        found = {begin, earlier(gap.end, begin + flight.mss)};
        return false;
    });
    if (!force_ && allowance < found.size()) return {};
    return found;
}

// Rules 3 and 4.
SeqRange SackRecovery::next_rescue(const Flight& flight, std::uint32_t allowance) const {
    SeqRange found;
    if (phase_ != Phase::kRecovery || !sack_ || scoreboard_.empty() || allowance < flight.mss) return found;
    const Seq highest = scoreboard_.highest();
    for_each_gap(flight, [&](SeqRange gap, bool) {
        if (gap.end > highest) return false;
        if (gap.end <= high_retransmitted_) return true;
        const Seq begin = later(gap.begin, high_retransmitted_);
        found = {begin, earlier(gap.end, begin + flight.mss)};
        return false;
    });
    if (!found.empty() || rescued_ == recovery_point_ || highest >= recovery_point_) return found;
    // Rule 4: once a recovery, the end of what is outstanding, whose loss no duplicate can show.
    const std::uint32_t tail = std::min(flight.mss, distance(highest, recovery_point_));
    return {recovery_point_ - tail, recovery_point_};
}

void SackRecovery::on_retransmitted(SeqRange range, bool rescue) {
    force_ = false;
    if (rescue && range.begin >= scoreboard_.highest()) {
        rescued_ = recovery_point_;  // rule 4 leaves HighRxt alone
    } else {
        high_retransmitted_ = later(high_retransmitted_, range.end);
    }
}

}  // namespace holm::net::tcp
