#include "net/ip/routes.h"

#include <algorithm>

namespace holm::net::ip {

namespace {

constexpr std::uint32_t mask(std::uint8_t prefix_length) {
    return prefix_length == 0 ? 0 : ~std::uint32_t{0} << (32 - prefix_length);
}

}  // namespace

bool RouteTable::add(const RouteEntry& entry) {
    RouteEntry added = entry;
    added.network = IpAddress::v4(entry.network.to_v4() & mask(entry.prefix_length));
    const auto end = entries_.begin() + std::ptrdiff_t(count_);
    const auto same = std::find_if(entries_.begin(), end, [&](const RouteEntry& other) {
        return other.network == added.network && other.prefix_length == added.prefix_length &&
               other.interface == added.interface;
    });
    if (same != end) {
        *same = added;
        return true;
    }
    if (count_ == kCapacity) return false;
    const auto place = std::find_if(entries_.begin(), end, [&](const RouteEntry& other) {
        return other.prefix_length < added.prefix_length;
    });
    std::copy_backward(place, end, end + 1);
    *place = added;
    ++count_;
    return true;
}

void RouteTable::remove_interface(const link::Interface& interface) {
    const auto end = entries_.begin() + std::ptrdiff_t(count_);
    const auto kept = std::remove_if(entries_.begin(), end,
                                     [&](const RouteEntry& entry) { return entry.interface == &interface; });
    count_ = std::size_t(kept - entries_.begin());
}

const RouteEntry* RouteTable::find(IpAddress destination, const link::Interface* via) const {
    if (!destination.is_v4()) return nullptr;
    const std::uint32_t address = destination.to_v4();
    for (const RouteEntry& entry : entries())
        if ((address & mask(entry.prefix_length)) == entry.network.to_v4() &&
            (!via || entry.interface == via))
            return &entry;
    return nullptr;
}

}  // namespace holm::net::ip
