#include "net/ip/path_mtu.h"

#include <algorithm>

namespace holm::net::ip {

std::uint16_t PathMtuCache::find(const IpAddress& destination) const {
    for (std::size_t i = 0; i < count_; ++i)
        if (entries_[i].destination == destination) return entries_[i].mtu;
    return kNothing;
}

void PathMtuCache::expire(Instant now) {
    for (std::size_t i = 0; i < count_;) {
        if (entries_[i].until <= now)
            entries_[i] = entries_[--count_];
        else
            ++i;
    }
}

void PathMtuCache::learn(Instant now, const IpAddress& destination, std::uint16_t mtu) {
    mtu = std::max(mtu, destination.is_v4() ? kSmallestV4 : kSmallestV6);
    Entry* place = &entries_[0];
    for (std::size_t i = 0; i < count_; ++i) {
        Entry& entry = entries_[i];
        if (entry.destination == destination) {
            // An old report that comes late does not raise what a newer one has lowered.
            if (mtu < entry.mtu) entry = {destination, mtu, now + kLifetime};
            return;
        }
        if (entry.until < place->until) place = &entry;
    }
    if (count_ < kCapacity) place = &entries_[count_++];
    *place = {destination, mtu, now + kLifetime};
}

}  // namespace holm::net::ip
