#pragma once

// The runs that the receiver reports in SACK options (RFC 2018): the one that the latest segment belongs to
// first, then those reported before it, most recent first. A duplicate goes in front of all, once (D-SACK,
// RFC 2883).

#include <cstdint>
#include <span>

#include "net/tcp/options.h"
#include "net/tcp/sequence.h"

namespace holm::net::tcp {

class SackList {
  public:
    bool empty() const { return count_ == 0 && duplicate_.empty(); }

    // A segment became part of `run`.
    void add(SeqRange run);
    // A segment brought these bytes a second time.
    void add_duplicate(SeqRange range) { duplicate_ = range; }
    // Everything before `next` is in order now.
    void advance(Seq next);
    // Nothing is known to wait behind the gap any more.
    void forget() { count_ = 0; }
    // Fills the option's blocks; forgets the duplicate, which is reported only once.
    void report(Options& options);

  private:
    SeqRange blocks_[kMaxSackBlocks];
    SeqRange duplicate_;
    std::uint8_t count_ = 0;
};

}  // namespace holm::net::tcp
