#pragma once

// RACK: a segment is lost when one that was sent sufficiently later has been delivered (RFC 8985, section 6).
// "Sufficiently" adapts to the reordering that the path shows.

#include <cstdint>

#include "base/instant.h"
#include "net/tcp/recovery/rtt_minimum.h"
#include "net/tcp/recovery/transmissions.h"
#include "net/tcp/sequence.h"

namespace holm::net::tcp {

// It is what a connection keeps of its losses: the rest of loss recovery begins anew with each flight.
class Rack {
  public:
    void start(Seq initial) { end_ = forward_ = initial; }

    // A run was delivered: acknowledged or selectively acknowledged for the first time (section 6.2, steps 1
    // to 3). `echo`: when the timestamp that came back was sent, to the millisecond; never: there was none.
    void on_delivered(Instant now, const Transmitted& run, Instant echo);
    // Every ACK of new data moves the forward edge.
    void on_acknowledged(Seq una) { forward_ = later(forward_, una); }
    // Something was sent again: from now on D-SACKs can be true.
    void on_retransmitted() { repeated_ = true; }
    bool has_repeated() const { return repeated_; }
    // A D-SACK has arrived in the round that ends at `next` (step 4).
    void on_duplicate(Seq una, Seq next);
    // Loss recovery ended.
    void on_recovered();

    // Marks what is lost now (step 5). `hurry`: in loss recovery, or DupThresh segments were selectively
    // acknowledged. Returns when to look again, never if there is nothing to wait for.
    Instant detect(Instant now, Transmissions& transmissions, bool hurry, Duration smoothed);
    // The retransmission timer expired (section 6.3). `all`: without SACK, everything counts as lost.
    void on_timeout(Instant now, Transmissions& transmissions, Duration smoothed, bool all) const;

    Duration minimum_rtt() const { return minimum_.value(); }
    bool reordering_seen() const { return reordering_seen_; }
    Duration reordering_window(bool hurry, Duration smoothed) const;

  private:
    bool sent_before(const Transmitted& run) const {
        return run.at < sent_ || (run.at == sent_ && run.end < end_);
    }

    Instant sent_;  // RACK.xmit_ts: of the delivered segment that was sent last
    Duration rtt_;  // RACK.rtt
    RttMinimum minimum_;
    Seq end_;      // RACK.end_seq
    Seq forward_;  // RACK.fack
    Seq round_;    // RACK.dsack_round, if in_round_
    bool in_round_ : 1 = false;
    bool reordering_seen_ : 1 = false;
    bool repeated_ : 1 = false;
    std::uint8_t multiple_ = 1;      // RACK.reo_wnd_mult: quarters of the minimum round trip
    std::uint8_t persistence_ = 16;  // RACK.reo_wnd_persist: recoveries that multiple_ stays
};

}  // namespace holm::net::tcp
