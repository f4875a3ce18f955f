#pragma once

// Tail loss probes (RFC 8985, section 7): when nothing comes back for two round trips, one segment is sent to
// make the peer show what it has, instead of waiting for the retransmission timer.

#include <algorithm>
#include <cstdint>

#include "base/instant.h"
#include "net/tcp/sequence.h"

namespace holm::net::tcp {

class LossProbe {
  public:
    // Section 7.2. `single`: one segment is outstanding, whose acknowledgment may be delayed by the peer.
    static Duration timeout(Duration smoothed, bool single, Duration retransmission_timeout) {
        // WCDelAckT; the name in the RFC is TLP.max_ack_delay.
        constexpr Duration kDelayedAck = Duration::milliseconds(200);
        // On a path of microseconds a probe would only wake the executor: nothing is won below this.
        constexpr Duration kLeast = Duration::milliseconds(5);
        if (smoothed == Duration()) return retransmission_timeout;
        return std::max(smoothed * 2, kLeast) + (single ? kDelayedAck : Duration());
    }

    // A probe is out, and it is not known what became of it.
    bool is_out() const { return out_; }
    void sent(Seq next, bool again) {
        out_ = true;
        again_ = again;
        duplicated_ = false;
        end_ = next;
    }
    void cancel() { out_ = false; }
    void on_duplicate(SeqRange block) {
        if (out_ && again_ && block.end == end_) duplicated_ = true;
    }
    // Section 7.4.2. `bare_duplicate`: the ACK acknowledges nothing new and carries no SACK block. True: the
    // probe has repaired a loss, to which congestion control has to react.
    bool on_acknowledgment(Seq ack, bool bare_duplicate) {
        if (!out_ || ack < end_) return false;
        if (!again_ || duplicated_) {
            out_ = false;
            return false;
        }
        if (ack > end_) {
            out_ = false;
            return true;
        }
        if (bare_duplicate) out_ = false;
        return false;
    }

  private:
    Seq end_;  // TLP.end_seq
    bool out_ = false;
    bool again_ = false;       // TLP.is_retrans
    bool duplicated_ = false;  // the peer says that it had what the probe carried
};

}  // namespace holm::net::tcp
