#include "net/ndp/neighbors.h"

#include <algorithm>
#include <new>

namespace holm::net::ndp {

void NeighborCache::set_timing(Duration reachable, Duration retransmit) {
    if (retransmit > Duration()) retransmit_ = retransmit;
    if (reachable <= Duration() || reachable == base_reachable_) return;
    base_reachable_ = reachable;
    const auto base = std::uint64_t(reachable.as_nanoseconds());
    reachable_ = Duration::nanoseconds(std::int64_t(base / 2 + random_.below(base)));
}

std::size_t NeighborCache::find(const IpAddress& address) {
    if (last_ < count_ && entries_[last_].address == address) return last_;
    for (std::size_t i = 0; i < count_; ++i)
        if (entries_[i].address == address) return last_ = i;
    return kNone;
}

bool NeighborCache::grow() {
    if (room_ == kCapacity) return false;
    const std::size_t room = std::max<std::size_t>(8, room_ * 2);
    std::unique_ptr<Entry[]> entries(new (std::nothrow) Entry[room]);
    if (!entries) return false;
    std::copy(entries_.get(), entries_.get() + count_, entries.get());
    entries_ = std::move(entries);
    room_ = room;
    return true;
}

std::size_t NeighborCache::add(Instant now, const IpAddress& address) {
    if (count_ == room_ && !grow()) {
        if (room_ == 0) return kNone;
        std::size_t oldest = 0;
        for (std::size_t i = 1; i < count_; ++i)
            if (entries_[i].used < entries_[oldest].used) oldest = i;
        remove(oldest);
    }
    entries_[count_] = Entry{};
    entries_[count_].address = address;
    entries_[count_].used = now;
    ++incomplete_;
    return count_++;
}

void NeighborCache::remove(std::size_t index) {
    if (entries_[index].state == State::kIncomplete) --incomplete_;
    entries_[index] = entries_[--count_];
}

void NeighborCache::set_state(Entry& entry, State state, Instant until) {
    if (entry.state == State::kIncomplete && state != State::kIncomplete) --incomplete_;
    entry.state = state;
    entry.tries = 0;
    entry.until = until;
    if (state != State::kReachable && state != State::kStale) deadline_ = std::min(deadline_, until);
}

std::optional<MacAddress> NeighborCache::resolve(Instant now, const IpAddress& address) {
    std::size_t index = find(address);
    if (index == kNone) {
        if (incomplete_ == kIncomplete) return std::nullopt;
        index = add(now, address);
        if (index != kNone) set_state(entries_[index], State::kIncomplete, now);
        return std::nullopt;
    }
    Entry& entry = entries_[index];
    entry.used = now;
    if (entry.state == State::kIncomplete) return std::nullopt;
    if (entry.state == State::kReachable && now >= entry.until) entry.state = State::kStale;
    if (entry.state == State::kStale) set_state(entry, State::kDelay, now + kDelayFirstProbe);
    return entry.mac;
}

void NeighborCache::confirm(Instant now, const IpAddress& address) {
    const std::size_t index = find(address);
    if (index == kNone || entries_[index].state == State::kIncomplete) return;
    set_state(entries_[index], State::kReachable, now + reachable_);
}

NeighborCache::Change NeighborCache::contest(Entry& entry, Instant now) {
    if (entry.state != State::kProbe) {
        set_state(entry, State::kProbe, now);
        entry.tries = kUnicastSolicit - 1;
    }
    return {.contested = true};
}

NeighborCache::Change NeighborCache::heard(Instant now, const IpAddress& address, MacAddress mac) {
    std::size_t index = find(address);
    if (index == kNone) index = add(now, address);
    if (index == kNone) return {};
    Entry& entry = entries_[index];
    const bool waiting = entry.state == State::kIncomplete;
    if (!waiting) return entry.mac == mac ? Change{} : contest(entry, now);
    entry.mac = mac;
    set_state(entry, State::kStale, Instant::never());
    return {.ready = waiting};
}

NeighborCache::Change NeighborCache::advertised(Instant now, const wire::NeighborAdvertisement& message) {
    const std::size_t index = find(message.target);
    if (index == kNone) return {.unknown = true};
    Entry& entry = entries_[index];
    const Instant reachable_until = now + reachable_;
    if (entry.state == State::kIncomplete) {
        if (!message.target_mac) return {};
        entry.mac = *message.target_mac;
        entry.router = message.router;
        if (message.solicited)
            set_state(entry, State::kReachable, reachable_until);
        else
            set_state(entry, State::kStale, Instant::never());
        return {.ready = true};
    }
    const bool other = message.target_mac && *message.target_mac != entry.mac;
    if (other && !message.overrides) {
        if (entry.state == State::kReachable) set_state(entry, State::kStale, Instant::never());
        return {};
    }
    if (other) return contest(entry, now);
    if (message.solicited) set_state(entry, State::kReachable, reachable_until);
    const bool router_lost = entry.router && !message.router;
    entry.router = message.router;
    return {.router_lost = router_lost};
}

void NeighborCache::mark_router(const IpAddress& address) {
    if (const std::size_t index = find(address); index != kNone) entries_[index].router = true;
}

std::optional<NeighborCache::Request> NeighborCache::due(Instant now) {
    if (now < deadline_) return std::nullopt;
    Instant next = Instant::never();
    for (std::size_t i = 0; i < count_; ++i) {
        Entry& entry = entries_[i];
        if (entry.state == State::kReachable || entry.state == State::kStale) continue;
        if (entry.until <= now) {
            if (entry.state == State::kDelay) set_state(entry, State::kProbe, now);
            if (entry.tries < most_tries(entry)) {
                ++entry.tries;
                entry.until = now + retransmit_;
                if (entry.state == State::kProbe) return Request{entry.address, entry.mac};
                return Request{entry.address, std::nullopt};
            }
        }
        next = std::min(next, entry.until);
    }
    // Entries whose tries are used up and whose time has come are left to failed(), which is asked next.
    deadline_ = next;
    return std::nullopt;
}

std::optional<IpAddress> NeighborCache::failed(Instant now) {
    if (now < deadline_) return std::nullopt;
    Instant next = Instant::never();
    for (std::size_t i = 0; i < count_; ++i) {
        const Entry& entry = entries_[i];
        if (entry.state == State::kReachable || entry.state == State::kStale) continue;
        if (entry.until <= now && entry.tries >= most_tries(entry)) {
            const IpAddress address = entry.address;
            remove(i);
            return address;
        }
        next = std::min(next, entry.until);
    }
    deadline_ = next;
    return std::nullopt;
}

std::optional<NeighborCache::State> NeighborCache::state(const IpAddress& address) {
    const std::size_t index = find(address);
    if (index == kNone) return std::nullopt;
    return entries_[index].state;
}

}  // namespace holm::net::ndp
