#pragma once

// Notices a task that hogs its core: one that has not suspended itself for more than a second or two of
// processor time while others may be waiting. It is reported once, with its backtrace; after a stop request
// it does not keep the instance from ending.

#include <cstdint>

namespace holm {

class Watchdog {
  public:
    // Called for each second of processor time that the instance has used, in the middle of whatever runs.
    void tick(std::uint64_t instruction_pointer, std::uint64_t frame_pointer);

    // Called on platforms that notice the end of the grace after a stop request themselves, likewise in the
    // middle of whatever runs. If that is a task, it is reported and the instance ends; else the timers are
    // about to end it.
    void grace_over(std::uint64_t instruction_pointer, std::uint64_t frame_pointer);

  private:
    [[noreturn]] void end(std::uint64_t instruction_pointer, std::uint64_t frame_pointer);

    std::uint64_t progress_ = 0;  // the executor's, at the last tick
    unsigned hogged_ = 0;         // ticks since it changed
    bool reported_ = false;
};

}  // namespace holm
