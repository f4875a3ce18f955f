#include "net/link/neighbors.h"

#include <algorithm>
#include <new>

namespace holm::net::link {

std::size_t NeighborCache::find(std::uint32_t address) {
    if (last_ < count_ && addresses_[last_] == address) return last_;
    const std::uint32_t* const first = addresses_.get();
    const std::size_t index = std::size_t(std::find(first, first + count_, address) - first);
    if (index < count_) last_ = index;
    return index;
}

bool NeighborCache::grow() {
    if (room_ == kCapacity) return false;
    const std::size_t room = std::max<std::size_t>(8, room_ * 2);
    std::unique_ptr<std::uint32_t[]> addresses(new (std::nothrow) std::uint32_t[room]);
    std::unique_ptr<Entry[]> entries(new (std::nothrow) Entry[room]);
    if (!addresses || !entries) return false;
    std::copy(addresses_.get(), addresses_.get() + count_, addresses.get());
    std::copy(entries_.get(), entries_.get() + count_, entries.get());
    addresses_ = std::move(addresses);
    entries_ = std::move(entries);
    room_ = room;
    return true;
}

std::size_t NeighborCache::add(Instant now, std::uint32_t address) {
    if (count_ == room_ && !grow()) {
        if (room_ == 0) return kNone;
        std::size_t oldest = 0;
        for (std::size_t i = 1; i < count_; ++i)
            if (entries_[i].used < entries_[oldest].used) oldest = i;
        remove(oldest);
    }
    addresses_[count_] = address;
    entries_[count_] = Entry{};
    entries_[count_].used = now;
    return count_++;
}

void NeighborCache::remove(std::size_t index) {
    --count_;
    addresses_[index] = addresses_[count_];
    entries_[index] = entries_[count_];
}

void NeighborCache::ask(std::size_t index, State state, Instant now) {
    Entry& entry = entries_[index];
    entry.state = state;
    entry.tries = 0;
    entry.since = now;
    deadline_ = std::min(deadline_, now);
}

std::optional<MacAddress> NeighborCache::resolve(Instant now, IpAddress address) {
    std::size_t index = find(address.to_v4());
    if (index < count_ && entries_[index].state != State::kAsking && now - entries_[index].used > kForget) {
        remove(index);
        index = count_;
    }
    if (index == count_) {
        index = add(now, address.to_v4());
        if (index == kNone) return std::nullopt;
        ask(index, State::kAsking, now);
        return std::nullopt;
    }
    Entry& entry = entries_[index];
    entry.used = now;
    if (entry.state == State::kAsking) return std::nullopt;
    if (entry.state == State::kReachable && now - entry.since > kReachable) ask(index, State::kPolling, now);
    return entry.mac;
}

void NeighborCache::confirm(Instant now, IpAddress address) {
    const std::size_t index = find(address.to_v4());
    if (index == count_ || entries_[index].state == State::kAsking) return;
    entries_[index].state = State::kReachable;
    entries_[index].since = now;
}

NeighborCache::Learned NeighborCache::learn(Instant now, IpAddress address, MacAddress mac, bool solicited,
                                            bool create) {
    std::size_t index = find(address.to_v4());
    if (index == count_) {
        if (create) index = add(now, address.to_v4());
        if (!create || index == kNone) return Learned::kUnknown;
    }
    Entry& entry = entries_[index];
    const bool waiting = entry.state == State::kAsking;
    if (!waiting && entry.mac != mac) {
        // Fail-over has moved the address, or somebody wants its packets. Who answers at the MAC that we know
        // keeps it; if nobody does within a second the entry goes, and the address is asked for again.
        if (entry.state == State::kReachable) {
            ask(index, State::kPolling, now);
            entry.tries = kTries - 1;
        }
        return Learned::kContested;
    }
    entry.mac = mac;
    // An unsolicited message does not prove that our frames arrive there: it completes an entry, but a poll
    // goes on.
    if (waiting || solicited) {
        entry.state = State::kReachable;
        entry.since = now;
    }
    return waiting ? Learned::kReady : Learned::kKnown;
}

std::optional<NeighborCache::Request> NeighborCache::due(Instant now) {
    if (now < deadline_) return std::nullopt;
    Instant next = Instant::never();
    for (std::size_t i = 0; i < count_; ++i) {
        Entry& entry = entries_[i];
        if (entry.state == State::kReachable) continue;
        if (entry.since <= now && entry.tries < kTries) {
            ++entry.tries;
            entry.since = now + kRetry;
            const auto target = IpAddress::v4(addresses_[i]);
            if (entry.state == State::kPolling) return Request{target, entry.mac};
            return Request{target, std::nullopt};
        }
        next = std::min(next, entry.since);
    }
    // Entries whose tries are used up and whose time has come are left to failed(), which is asked next.
    deadline_ = next;
    return std::nullopt;
}

std::optional<IpAddress> NeighborCache::failed(Instant now) {
    if (now < deadline_) return std::nullopt;
    for (std::size_t i = 0; i < count_; ++i) {
        const Entry& entry = entries_[i];
        if (entry.state == State::kReachable || entry.tries < kTries || entry.since > now) continue;
        const auto address = IpAddress::v4(addresses_[i]);
        remove(i);
        return address;
    }
    deadline_ = Instant::never();
    for (std::size_t i = 0; i < count_; ++i)
        if (entries_[i].state != State::kReachable) deadline_ = std::min(deadline_, entries_[i].since);
    return std::nullopt;
}

void NeighborCache::clear() {
    count_ = 0;
    deadline_ = Instant::never();
}

}  // namespace holm::net::link
