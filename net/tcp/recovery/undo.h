#pragma once

// Whether a reduction of the window was a mistake: the segments had been slow or reordered, not lost. Three
// witnesses: a timestamp older than the first retransmission comes back (Eifel, RFC 3522), every
// retransmission is reported as a duplicate (D-SACK, RFC 3708), or, after a timeout, data that was never sent
// again is acknowledged (F-RTO, RFC 5682; LossRecovery asks for that one).

#include <cstdint>

#include "base/instant.h"
#include "net/tcp/sequence.h"

namespace holm::net::tcp {

class Undo {
  public:
    // A reduction: until the next one it can be taken back. `una`: SND.UNA.
    void start(Seq una) {
        active_ = true;
        marker_ = una;
        repeated_ = duplicates_ = 0;
        first_ = Instant::never();
    }
    void stop() { active_ = false; }
    bool is_active() const { return active_; }

    void on_retransmitted(Instant now, std::uint32_t bytes) {
        if (!active_) return;
        if (first_.is_never())
            first_ = Instant::from_nanoseconds(now.as_nanoseconds() / 1'000'000 * 1'000'000);
        repeated_ += bytes;
    }
    void on_duplicate(SeqRange block) {
        if (active_ && block.begin >= marker_) duplicates_ += block.size();
    }
    // An ACK of data that was sent again brought a timestamp of ours from `echo` (never: none).
    bool original_arrived(Seq una, Instant echo) const {
        return active_ && !first_.is_never() && una > marker_ && echo < first_;
    }
    bool all_duplicates() const { return active_ && repeated_ > 0 && duplicates_ >= repeated_; }
    // Nothing has been sent again yet.
    bool untouched() const { return repeated_ == 0; }

  private:
    Seq marker_;                        // SND.UNA when it began
    Instant first_ = Instant::never();  // millisecond of the first retransmission
    std::uint32_t repeated_ = 0;        // bytes sent again
    std::uint32_t duplicates_ = 0;      // of those, bytes that the peer says it had
    bool active_ = false;
};

}  // namespace holm::net::tcp
