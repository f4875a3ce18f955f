#include "net/tcp/congestion/cubic.h"

#include <algorithm>
#include <cmath>

namespace holm::net::tcp {
namespace {

constexpr double kC = 0.4;                                      // RFC 9438, section 5.1: segments / s^3
constexpr double kBeta = 0.7;                                   // section 4.6
constexpr double kAlpha = 3.0 * (1.0 - kBeta) / (1.0 + kBeta);  // section 4.3

double seconds(Duration duration) {
    return double(duration.as_nanoseconds()) * 1e-9;
}

}  // namespace

void Cubic::start(std::uint32_t mss, bool syn_lost) {
    mss_ = mss;
    window_ = syn_lost ? mss_ : initial_window(mss_);
    threshold_ = kNoThreshold;
    curve_ = {};
    slow_start_.restart();
}

void Cubic::on_acknowledged(const Progress& progress) {
    const Instant previous = last_;
    last_ = progress.now;
    if (in_slow_start()) {
        const SlowStart::Growth growth = slow_start_.grow(progress, threshold_ == kNoThreshold);
        if (progress.window_limited) window_ = std::min(window_ + growth.bytes, threshold_);
        if (growth.done) threshold_ = window_;
        return;
    }
    if (!progress.window_limited) {
        // Section 5.8: time in which the service had too little to send does not count.
        if (!curve_.epoch.is_never())
            curve_.epoch = curve_.epoch + (progress.now - std::max(previous, curve_.epoch));
        return;
    }
    avoid_congestion(progress);
}

// Section 4.2: K from where the window stands now; after a timeout or slow start the curve begins flat
// (section 4.8).
void Cubic::begin_epoch(Instant now) {
    const double window = segments(window_);
    curve_.epoch = now;
    if (curve_.maximum <= window) {
        curve_.maximum = window;
        curve_.inflection = 0;
    } else {
        curve_.inflection = std::cbrt((curve_.maximum - window) / kC);
    }
    curve_.estimate = window;
    fraction_ = 0;
}

void Cubic::avoid_congestion(const Progress& progress) {
    if (curve_.epoch.is_never()) begin_epoch(progress.now);
    const double window = segments(window_);
    const double acked = segments(progress.bytes);
    const auto curve = [&](double t) {
        const double distance = t - curve_.inflection;
        return kC * distance * distance * distance + curve_.maximum;
    };
    const double now = seconds(progress.now - curve_.epoch);
    // Section 4.3: the TCP-friendly region.
    const double alpha = curve_.estimate < curve_.prior ? kAlpha : 1.0;
    curve_.estimate += alpha * acked / window;
    double wanted = window;
    if (curve(now) < curve_.estimate) {
        wanted = std::max(window, curve_.estimate);
    } else {
        const double target = std::clamp(curve(now + seconds(progress.smoothed)), window, 1.5 * window);
        wanted += (target - window) / window * acked;
    }
    fraction_ += (wanted - window) * mss_;
    // Not faster than slow start, whatever the ACK acknowledges.
    const double whole = std::min(std::floor(fraction_), double(progress.bytes));
    fraction_ = std::min(fraction_ - whole, double(mss_));
    window_ = std::uint32_t(std::min(double(window_) + whole, double(kNoThreshold)));
}

// Section 4.6. Of the window, not of what is outstanding: it only grows while it is used, so that a service
// with little to send does not lose what it knows of the path.
std::uint32_t Cubic::reduced() const {
    return std::max(std::uint32_t(window_ * kBeta), 2 * mss_);
}

// Section 4.7: fast convergence leaves room for newcomers.
void Cubic::note_loss() {
    const double window = segments(window_);
    curve_.prior = window;
    curve_.maximum = window < curve_.maximum ? window * (1.0 + kBeta) / 2.0 : window;
    curve_.epoch = Instant::never();
}

void Cubic::on_congestion(Instant, std::uint32_t) {
    note_loss();
    threshold_ = reduced();
    window_ = threshold_;
}

void Cubic::on_timeout(Instant, std::uint32_t, bool first) {
    if (first) {
        note_loss();
        threshold_ = reduced();
    }
    // Section 4.8: what follows starts flat from where slow start ends.
    curve_.maximum = 0;
    curve_.epoch = Instant::never();
    window_ = mss_;
}

void Cubic::on_idle(Instant) {
    window_ = std::min(window_, initial_window(mss_));
    curve_.epoch = Instant::never();
}

void Cubic::undo(const CongestionBefore& before) {
    window_ = std::max(window_, before.window);
    threshold_ = std::max(threshold_, before.threshold);
    curve_ = before.curve;
}

}  // namespace holm::net::tcp
