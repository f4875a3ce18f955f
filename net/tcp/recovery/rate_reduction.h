#pragma once

// Proportional Rate Reduction (RFC 6937, with the safe ACK of RFC 9937): during recovery, how much may be
// sent follows how much was delivered, and the window arrives at the threshold when recovery ends.

#include <algorithm>
#include <cstdint>

namespace holm::net::tcp {

class RateReduction {
  public:
    // `flight`: RecoverFS, bytes outstanding when recovery begins; `threshold`: ssthresh, its target.
    void start(std::uint32_t flight, std::uint32_t threshold) {
        flight_ = std::max(flight, 1U);
        threshold_ = threshold;
        delivered_ = sent_ = 0;
    }
    // An ACK has delivered bytes; `pipe` of them are in the network now. Safe: it advances SND.UNA and shows
    // no further loss. Returns the window until the next ACK.
    std::uint32_t on_delivered(std::uint32_t delivered, std::uint32_t pipe, bool safe, std::uint32_t mss) {
        delivered_ += delivered;
        std::int64_t more = 0;
        if (pipe > threshold_) {
            more = std::int64_t((std::uint64_t{delivered_} * threshold_ + flight_ - 1) / flight_) -
                   std::int64_t{sent_};
        } else {
            // Conservative bound, or slow start's when the ACK is safe.
            more = std::max(std::int64_t{delivered_} - std::int64_t{sent_}, std::int64_t{delivered});
            if (safe) more += mss;
            more = std::min(more, std::int64_t{threshold_} - pipe);
        }
        // The fast retransmission does not wait.
        if (sent_ == 0) more = std::max(more, std::int64_t{mss});
        return pipe + std::uint32_t(std::max<std::int64_t>(more, 0));
    }
    void on_sent(std::uint32_t bytes) { sent_ += bytes; }

  private:
    std::uint32_t delivered_ = 0;  // prr_delivered
    std::uint32_t sent_ = 0;       // prr_out
    std::uint32_t flight_ = 1;
    std::uint32_t threshold_ = 0;
};

}  // namespace holm::net::tcp
