#pragma once

// A device, or what stands on one, as the executor sees it: it takes in what has arrived, sends what is due,
// and says when it next has something to do by itself.

#include "base/instant.h"
#include "base/intrusive_list.h"
#include "kernel/platform/platform.h"

namespace holm {

class Poller : public ListHook<> {
  public:
    // Takes what has arrived, at most a batch, and wakes whom it concerns. True if there was anything.
    virtual bool receive(Instant now) = 0;

    // Sends what is due: called after the tasks that were woken have run, and when next_deadline() has come.
    virtual void transmit(Instant now) = 0;

    // When transmit() must be called even if nothing happens before; never() if it need not.
    virtual Instant next_deadline() = 0;

    // What ends the core's sleep for this device.
    virtual platform::Readiness readiness() = 0;

  protected:
    ~Poller() = default;
};

}  // namespace holm
