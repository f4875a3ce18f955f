#include "net/tcp/congestion/slow_start.h"

#include <algorithm>

namespace holm::net::tcp {
namespace {

// RFC 9406, section 4.3.
constexpr Duration kLeastRise = Duration::milliseconds(4);
constexpr Duration kMostRise = Duration::milliseconds(16);
constexpr int kRiseDivisor = 8;
constexpr std::uint8_t kSamples = 8;
constexpr std::uint32_t kConservativeDivisor = 4;
constexpr std::uint8_t kConservativeRounds = 5;

}  // namespace

void SlowStart::begin_round(const CongestionControl::Progress& progress) {
    round_end_ = progress.next;
    in_round_ = true;
    last_round_ = this_round_;
    this_round_ = Duration::max();
    samples_ = 0;
}

// RFC 5681 grows by at most one SMSS an ACK, RFC 9406 by eight; a receiver that coalesces segments sends so
// few ACKs that we count all bytes: the window at most doubles in a round trip.
SlowStart::Growth SlowStart::grow(const CongestionControl::Progress& progress, bool initial) {
    if (!initial) return {.bytes = progress.bytes};
    if (!in_round_) begin_round(progress);
    if (progress.sample != Duration()) {
        this_round_ = std::min(this_round_, progress.sample);
        samples_ = std::uint8_t(std::min<int>(samples_ + 1, kSamples));
    }
    if (samples_ >= kSamples) {
        if (conservative_ && this_round_ < baseline_) {
            conservative_ = false;  // the rise was noise
            baseline_ = Duration::max();
        } else if (!conservative_ && last_round_ != Duration::max() &&
                   this_round_ >=
                       last_round_ + std::clamp(last_round_ / kRiseDivisor, kLeastRise, kMostRise)) {
            conservative_ = true;
            baseline_ = this_round_;
            rounds_ = 0;
        }
    }
    const Growth growth{.bytes = conservative_ ? progress.bytes / kConservativeDivisor : progress.bytes};
    if (progress.una < round_end_) return growth;
    const bool done = conservative_ && ++rounds_ >= kConservativeRounds;
    begin_round(progress);
    return {.bytes = growth.bytes, .done = done};
}

}  // namespace holm::net::tcp
