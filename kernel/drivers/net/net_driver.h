#pragma once

// What the library OS asks of a driver for a network device, beyond what the stack asks of a LinkDevice.

#include "kernel/platform/platform.h"
#include "net/frame.h"

namespace holm::drivers {

// Who takes the frames.
class FrameSink {
  public:
    virtual void receive(const net::ReceivedFrame& frame) = 0;
    // Frames that came together: all of them stay where they are until this returns.
    virtual void receive_burst(std::span<const net::ReceivedFrame> frames) {
        for (const net::ReceivedFrame& frame : frames) receive(frame);
    }

  protected:
    ~FrameSink() = default;
};

class NetDriver : public net::LinkDevice {
  public:
    virtual ~NetDriver() = default;

    // Frames taken in at a time, so that a flood of them leaves others their turn.
    static constexpr unsigned kBatch = 64;

    // Hands over what has arrived, at most kBatch frames; returns how many.
    virtual unsigned receive(FrameSink& sink) = 0;
    // Sends the rest of what transmit() took earlier.
    virtual void flush() = 0;
    // Shows the device what transmit() has taken in this round, where it does not see each frame at once.
    virtual void publish() {}
    // What to wait for, asked just before: always frames, and room if transmit() has just said kFull. What is
    // there already is marked so: then there is no wait.
    virtual platform::Readiness readiness() = 0;
    // The device has vanished: nothing will come or go any more.
    virtual bool gone() const = 0;
    // If that is because it broke the rules of its queues, which one; else null.
    virtual const char* fault() const { return nullptr; }
};

}  // namespace holm::drivers
