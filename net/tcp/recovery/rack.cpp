#include "net/tcp/recovery/rack.h"

#include <algorithm>

namespace holm::net::tcp {
namespace {

constexpr std::uint8_t kPersistence = 16;
constexpr std::uint8_t kMostMultiple = 0xff;

Instant to_millisecond(Instant at) {
    return Instant::from_nanoseconds(at.as_nanoseconds() / 1'000'000 * 1'000'000);
}

}  // namespace

void Rack::on_delivered(Instant now, const Transmitted& run, Instant echo) {
    // Step 3: below what was delivered before, and sent only once.
    if (run.end < forward_ && !run.repeated) reordering_seen_ = true;
    forward_ = later(forward_, run.end);
    const Duration rtt = now - run.at;
    if (run.repeated) {
        // Step 2: the original transmission may be what was delivered.
        if (!echo.is_never() && echo < to_millisecond(run.at)) return;
        if (rtt < minimum_.value()) return;
    }
    minimum_.sample(now, std::max(rtt, Duration::microseconds(1)));
    if (run.at > sent_ || (run.at == sent_ && run.end > end_)) {
        sent_ = run.at;
        end_ = run.end;
        rtt_ = rtt;
    }
}

void Rack::on_duplicate(Seq una, Seq next) {
    if (in_round_ && una < round_) return;  // one increase a round trip
    in_round_ = true;
    round_ = next;
    persistence_ = kPersistence;
    if (multiple_ < kMostMultiple) ++multiple_;
}

void Rack::on_recovered() {
    if (persistence_ > 0 && --persistence_ == 0) multiple_ = 1;
    if (persistence_ == 0) persistence_ = kPersistence;
}

// Step 4, RACK_update_reo_wnd().
Duration Rack::reordering_window(bool hurry, Duration smoothed) const {
    if (!reordering_seen_ && hurry) return {};
    return std::min(minimum_.value() / 4 * multiple_, smoothed);
}

Instant Rack::detect(Instant now, Transmissions& transmissions, bool hurry, Duration smoothed) {
    const Duration window = reordering_window(hurry, smoothed);
    Instant again = Instant::never();
    const auto runs = transmissions.runs();
    for (int i = 0; i < int(runs.size()); ++i) {
        const Transmitted& run = runs[std::size_t(i)];
        if (run.sacked || (run.lost && !run.under_way) || !sent_before(run)) continue;
        const Instant due = run.at + rtt_ + window;
        if (due <= now)
            transmissions.mark_lost(i);
        else
            again = std::min(again, due);
    }
    return again;
}

void Rack::on_timeout(Instant now, Transmissions& transmissions, Duration smoothed, bool all) const {
    const Duration window = reordering_window(true, smoothed);
    const auto runs = transmissions.runs();
    for (int i = 0; i < int(runs.size()); ++i)
        if (!runs[std::size_t(i)].sacked && (all || i == 0 || runs[std::size_t(i)].at + rtt_ + window <= now))
            transmissions.mark_lost(i);
}

}  // namespace holm::net::tcp
