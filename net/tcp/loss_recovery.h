#pragma once

// Loss recovery decides which bytes were lost, which to send again and how much may enter the network. It
// owns the scoreboard and tells congestion control about loss. The Sender asks it before each transmission.
// Part of what a better algorithm needs (RACK-TLP: deadlines of its own) joins this interface with it.

#include <cstdint>

#include "base/instant.h"
#include "net/tcp/congestion.h"
#include "net/tcp/scoreboard.h"
#include "net/tcp/sequence.h"

namespace holm::net::tcp {

// What is outstanding: [una, next) was sent and not acknowledged.
struct Flight {
    Seq una;
    Seq next;
    std::uint32_t mss = 0;
    std::uint32_t size() const { return distance(una, next); }
};

// An acceptable acknowledgment, after SND.UNA moved.
struct Acknowledgment {
    Instant now;
    std::uint32_t acked = 0;      // bytes newly acknowledged
    std::uint32_t sacked = 0;     // bytes newly selectively acknowledged
    bool duplicate = false;       // RFC 5681, section 2, or it carried new SACK information
    bool window_limited = false;  // the congestion window was in use
};

class LossRecovery {
  public:
    virtual void on_acknowledgment(const Flight& flight, const Acknowledgment& ack,
                                   CongestionControl& congestion) = 0;
    virtual void on_timeout(Instant now, const Flight& flight, CongestionControl& congestion) = 0;
    // A peer's SACK block within (una, next]; returns the newly covered bytes.
    virtual std::uint32_t on_selective_acknowledgment(SeqRange block) = 0;

    // Bytes that may be sent now, under a congestion window.
    virtual std::uint32_t allowance(const Flight& flight, std::uint32_t window) const = 0;
    // The next lost bytes to send again, at most one segment; empty if there are none or the allowance
    // forbids it.
    virtual SeqRange next_retransmission(const Flight& flight, std::uint32_t allowance) const = 0;
    // When there is no new data to send: bytes that are worth sending again although not known to be lost, or
    // empty.
    virtual SeqRange next_rescue(const Flight& flight, std::uint32_t allowance) const = 0;
    // `rescue`: next_rescue() had asked for it.
    virtual void on_retransmitted(SeqRange range, bool rescue) = 0;

  protected:
    ~LossRecovery() = default;
};

}  // namespace holm::net::tcp
