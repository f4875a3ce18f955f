#pragma once

// Where an executor reads the time: the core's clock, or a test's hand.

#include "base/instant.h"

namespace holm {

class TimeSource {
  public:
    // Never goes back.
    virtual Instant now() = 0;

    // Called in each round of the executor: the moment for rare upkeep.
    virtual void tend(Instant now) = 0;

  protected:
    ~TimeSource() = default;
};

}  // namespace holm
