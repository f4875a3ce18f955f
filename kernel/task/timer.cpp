#include "kernel/task/timer.h"

namespace holm {

unsigned Timers::expire(Instant now) {
    unsigned expired = 0;
    while (!heap_.empty() && heap_.top()->deadline() <= now) {
        Timer& timer = *heap_.top();
        heap_.remove(timer);
        timer.expired_(timer);
        ++expired;
    }
    return expired;
}

}  // namespace holm
