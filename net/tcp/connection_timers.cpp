// When a connection must be looked at again without a segment having arrived.

#include <algorithm>

#include "net/tcp/layer.h"

namespace holm::net::tcp {

// The clock of our timestamps: milliseconds (RFC 7323, section 5.4: between 1 ms and 1 s a tick).
std::uint32_t Connection::timestamp(Instant now) const {
    return timestamp_offset_ + std::uint32_t(now.as_nanoseconds() / 1'000'000);
}

Instant Connection::keep_alive_deadline() const {
    if (keep_alive_idle_ == Duration() || is_connecting() || !sender_.all_acknowledged())
        return Instant::never();
    return last_heard_ + keep_alive_idle_ + keep_alive_interval_ * keep_alive_probes_;
}

Instant Connection::deadline() const {
    Instant first = std::min(sender_.deadline(), receiver_.deadline());
    if (keep_alive_idle_ != Duration()) first = std::min(first, keep_alive_deadline());
    if (detached_) first = std::min(first, last_progress_ + layer_.configuration_.orphan_timeout);
    return first;
}

// RFC 4821, section 7.7. A peer that is gone is not told from a path that swallows what is large: smaller
// segments do no harm to either.
void Connection::suspect_black_hole(Instant now) {
    const bool v4 = tuple.remote.address.is_v4();
    if (distance(sender_.una(), sender_.next_sequence()) <= mss_within(PathSearch::kBase) &&
        mtu_ > PathSearch::kBase)
        return;  // nothing so large is outstanding
    const std::uint16_t mtu = path_search_.timed_out(now, mtu_, v4 ? PathSearch::kLeast : PathSearch::kBase);
    if (mtu == mtu_) return;
    mtu_ = mtu;
    sender_.set_mss(effective_mss());
    ++layer_.statistics_.black_holes;
}

void Connection::on_deadline(Instant now) {
    const Configuration& ours = layer_.configuration_;
    if (detached_ && now - last_progress_ >= ours.orphan_timeout) {
        // FIN-WAIT-2 whose peer never closes, or a peer that takes nothing more: nobody is left to care.
        ++layer_.statistics_.timeouts;
        if (state_ == State::kFinWait2) return fail({ErrorCode::kTimedOut, "the peer did not close"});
        return abort();
    }
    if (now >= sender_.deadline()) {
        const Duration patience = !is_connecting() ? patience_
                                  : passive_       ? ours.half_open_timeout
                                                   : ours.connect_timeout;
        if (sender_.times_out(now) && !is_connecting()) suspect_black_hole(now);
        if (!sender_.on_deadline(now, patience)) {
            ++layer_.statistics_.timeouts;
            return fail(likely_reason({ErrorCode::kTimedOut, "the peer does not answer"}));
        }
        if (is_connecting()) syn_due_ = syn_repeated_ = true;
        schedule();
    }
    if (now >= keep_alive_deadline()) {
        if (keep_alive_probes_ >= (keep_alive_most_ != 0 ? keep_alive_most_ : ours.keep_alive_probes)) {
            ++layer_.statistics_.timeouts;
            return fail(likely_reason({ErrorCode::kTimedOut, "the peer does not answer keep-alive probes"}));
        }
        ++keep_alive_probes_;
        keep_alive_due_ = true;
        schedule();
    }
    if (receiver_.acknowledgment_due(now)) schedule();
}

}  // namespace holm::net::tcp
