#pragma once

// Timers: a heap of nodes that lie in what waits. Starting one costs about 10 ns, stopping or expiring one
// O(log n) amortised, about 60 ns among a thousand. Nothing is allocated, and a timer that is destroyed is
// stopped.

#include "base/instant.h"
#include "base/pairing_heap.h"

namespace holm {

class Timers;

class Timer : public HeapNode {
  public:
    // Called by the executor with nothing else running on the core, at or after the deadline, once for each
    // start.
    using Expired = void(Timer&);

    explicit Timer(Expired* expired) : expired_(expired) {}
    ~Timer() { stop(); }

    bool is_started() const { return is_queued(); }
    Instant deadline() const { return deadline_; }

    // Starts it anew if it was started.
    void start(Timers& timers, Instant deadline);
    void stop();

    bool before(const Timer& other) const { return deadline_ < other.deadline_; }

  private:
    friend class Timers;
    Expired* expired_;
    Timers* timers_ = nullptr;
    Instant deadline_;
};

class Timers {
  public:
    // never() when no timer runs.
    Instant next_deadline() const { return heap_.empty() ? Instant::never() : heap_.top()->deadline(); }

    // Calls expired() of every timer that is due at `now`; returns their number. A timer that restarts itself
    // from there must do so with a later deadline.
    unsigned expire(Instant now);

    bool empty() const { return heap_.empty(); }

  private:
    friend class Timer;
    PairingHeap<Timer> heap_;
};

inline void Timer::start(Timers& timers, Instant deadline) {
    stop();
    timers_ = &timers;
    deadline_ = deadline;
    timers.heap_.insert(*this);
}

inline void Timer::stop() {
    if (is_queued()) timers_->heap_.remove(*this);
}

}  // namespace holm
