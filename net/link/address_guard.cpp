#include "net/link/address_guard.h"

namespace holm::net::link {

namespace {

Duration between(KeyedRandom& random, Duration low, Duration high) {
    const auto span = std::uint64_t((high - low).as_nanoseconds());
    return Duration::nanoseconds(low.as_nanoseconds() + std::int64_t(random.below(span + 1)));
}

}  // namespace

void AddressGuard::start(Instant now, IpAddress address, AddressPolicy policy, KeyedRandom& random) {
    address_ = address;
    sent_ = 0;
    has_defended_ = defend_ = false;
    if (policy == AddressPolicy::kProbe) {
        state_ = State::kProbing;
        deadline_ = now + between(random, Duration(), kProbeWait);
    } else {
        state_ = State::kAnnouncing;
        deadline_ = now;
    }
}

std::optional<wire::ArpMessage> AddressGuard::due(Instant now, MacAddress own, KeyedRandom& random) {
    if (now < deadline_) return std::nullopt;
    const wire::ArpMessage announcement{wire::ArpMessage::Operation::kRequest, own, address_, {}, address_};
    switch (state_) {
        case State::kProbing:
            if (sent_ < kProbes) {
                ++sent_;
                deadline_ = now + (sent_ < kProbes ? between(random, kProbeMin, kProbeMax) : kAnnounceWait);
                auto probe = announcement;
                probe.sender = IpAddress::any_v4();
                return probe;
            }
            state_ = State::kAnnouncing;  // nobody objected
            sent_ = 0;
            [[fallthrough]];
        case State::kAnnouncing:
            if (++sent_ < kAnnouncements) {
                deadline_ = now + kAnnounceInterval;
            } else {
                state_ = State::kDefending;
                deadline_ = Instant::never();
            }
            return announcement;
        case State::kDefending:
            deadline_ = Instant::never();
            if (!defend_) return std::nullopt;
            defend_ = false;
            return announcement;
        case State::kIdle:
        case State::kConflict:
            deadline_ = Instant::never();
            return std::nullopt;
    }
    return std::nullopt;
}

void AddressGuard::observe(Instant now, const wire::ArpMessage& message, MacAddress own) {
    if (state_ == State::kIdle || state_ == State::kConflict || message.sender_mac == own) return;
    const bool uses = message.sender == address_;
    if (state_ == State::kProbing) {
        // Section 2.1.1: someone uses the address, or probes for it at the same time.
        const bool probes = message.sender.is_unspecified() && message.target == address_ &&
                            message.operation == wire::ArpMessage::Operation::kRequest;
        if (uses || probes) {
            ++conflicts_;
            state_ = State::kConflict;
            deadline_ = Instant::never();
        }
        return;
    }
    if (!uses) return;
    ++conflicts_;
    // Section 2.4 (c): a server keeps its address, and defends it at most once in ten seconds.
    if (has_defended_ && now - defended_ < kDefendInterval) return;
    has_defended_ = true;
    defended_ = now;
    if (state_ == State::kDefending) {
        defend_ = true;
        deadline_ = now;
    }
}

}  // namespace holm::net::link
