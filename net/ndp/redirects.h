#pragma once

// Better next hops that a router has named (RFC 4861, section 8), for hosts that follow redirects. Bounds:
// kCapacity destinations, the oldest gives way; each is forgotten after kLifetime.

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "base/instant.h"
#include "net/address.h"

namespace holm::net::ndp {

class Redirects {
  public:
    static constexpr std::size_t kCapacity = 16;
    static constexpr Duration kLifetime = Duration::minutes(10);

    struct Entry {
        IpAddress destination;
        IpAddress next_hop;
        Instant until;
    };

    void add(Instant now, const IpAddress& destination, const IpAddress& next_hop) {
        Entry* place = &entries_[0];
        for (Entry& entry : std::span(entries_).first(count_)) {
            if (entry.destination == destination) {
                entry = {destination, next_hop, now + kLifetime};
                return;
            }
            if (entry.until < place->until) place = &entry;
        }
        if (count_ < kCapacity) place = &entries_[count_++];
        *place = {destination, next_hop, now + kLifetime};
    }
    // Removes what is too old, and what leads through `gone`. True if something was removed.
    bool expire(Instant now, const IpAddress& gone = {}) {
        const std::size_t before = count_;
        for (std::size_t i = 0; i < count_;) {
            if (entries_[i].until <= now || entries_[i].next_hop == gone)
                entries_[i] = entries_[--count_];
            else
                ++i;
        }
        return count_ != before;
    }
    Instant next_deadline() const {
        Instant next = Instant::never();
        for (const Entry& entry : entries()) next = std::min(next, entry.until);
        return next;
    }
    std::span<const Entry> entries() const { return {entries_.data(), count_}; }

  private:
    std::array<Entry, kCapacity> entries_;
    std::size_t count_ = 0;
};

}  // namespace holm::net::ndp
