#include "net/tcp/rtt.h"

#include <algorithm>

namespace holm::net::tcp {

Duration RttEstimator::computed() const {
    if (smoothed_ == Duration()) return bounds_->initial;
    // G, the clock's granularity, is nanoseconds here: the minimum takes its place (2.4).
    return std::clamp(smoothed_ + variation_ * 4, bounds_->minimum, bounds_->maximum);
}

void RttEstimator::sample(Duration rtt) {
    rtt = std::max(rtt, Duration::microseconds(1));
    if (smoothed_ == Duration()) {
        smoothed_ = rtt;
        variation_ = rtt / 2;
    } else {
        const Duration error = rtt > smoothed_ ? rtt - smoothed_ : smoothed_ - rtt;
        variation_ = (variation_ * 3 + error) / 4;
        smoothed_ = (smoothed_ * 7 + rtt) / 8;
    }
    timeout_ = computed();
}

void RttEstimator::back_off() {
    timeout_ = std::min(timeout_ * 2, bounds_->maximum);
}

void RttEstimator::after_lost_syn() {
    if (smoothed_ == Duration()) timeout_ = Duration::seconds(3);
}

void RttEstimator::restore() {
    timeout_ = computed();
}

}  // namespace holm::net::tcp
