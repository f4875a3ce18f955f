#include "net/ip/routes.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "base/network_order.h"

namespace holm::net::ip {

namespace {

// An address with nothing but its prefix left. IPv4 addresses are the last four bytes of their mapped form.
IpAddress prefix_of(const IpAddress& address, std::uint8_t prefix_length) {
    auto bytes = address.bytes();
    const std::size_t bits = std::size_t{prefix_length} + (address.is_v4() ? 96 : 0);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (bits >= (i + 1) * 8) continue;
        bytes[i] &= bits <= i * 8 ? std::uint8_t{0} : std::uint8_t(0xff << ((i + 1) * 8 - bits));
    }
    return IpAddress::v6(bytes);
}

// Sixteen bytes as two numbers in host order.
struct Halves {
    std::uint64_t high, low;
    explicit Halves(const IpAddress& address) {
        NetU64 both[2];
        std::memcpy(both, address.bytes().data(), sizeof(both));
        high = both[0];
        low = both[1];
    }
};

bool matches(const RouteEntry& entry, const IpAddress& address) {
    if (entry.network.is_v4() != address.is_v4()) return false;
    const unsigned bits = entry.prefix_length + (address.is_v4() ? 96u : 0u);
    const Halves a(entry.network), b(address);
    if (bits == 0) return true;
    if (bits <= 64) return (a.high ^ b.high) >> (64 - bits) == 0;
    return a.high == b.high && (a.low ^ b.low) >> (128 - bits) == 0;
}

}  // namespace

bool RouteTable::add(const RouteEntry& entry) {
    RouteEntry added = entry;
    added.network = prefix_of(entry.network, entry.prefix_length);
    const std::span<RouteEntry> present(entries_.get(), count_);
    const auto same = std::ranges::find_if(present, [&](const RouteEntry& other) {
        return other.network == added.network && other.prefix_length == added.prefix_length &&
               other.interface == added.interface;
    });
    if (same != present.end()) {
        *same = added;
        return true;
    }
    if (count_ == room_ && !grow()) return false;
    RouteEntry* const end = entries_.get() + count_;
    RouteEntry* const place = std::find_if(entries_.get(), end, [&](const RouteEntry& other) {
        return other.prefix_length < added.prefix_length;
    });
    std::copy_backward(place, end, end + 1);
    *place = added;
    ++count_;
    return true;
}

bool RouteTable::grow() {
    constexpr std::size_t kFirst = 16;
    if (room_ == kCapacity) return false;
    const std::size_t room = room_ == 0 ? kFirst : 2 * room_;
    std::unique_ptr<RouteEntry[]> larger(new (std::nothrow) RouteEntry[room]);
    if (!larger) return false;
    std::copy(entries_.get(), entries_.get() + count_, larger.get());
    entries_ = std::move(larger);
    room_ = room;
    return true;
}

void RouteTable::remove_interface(const link::Interface& interface, RouteOrigin origin) {
    RouteEntry* const kept = std::remove_if(
        entries_.get(), entries_.get() + count_,
        [&](const RouteEntry& entry) { return entry.interface == &interface && entry.origin == origin; });
    count_ = std::size_t(kept - entries_.get());
}

void RouteTable::gateway_failed(const IpAddress& gateway) {
    for (RouteEntry& entry : std::span(entries_.get(), count_))
        if (entry.gateway == gateway && !entry.spare.is_unspecified()) std::swap(entry.gateway, entry.spare);
}

const RouteEntry* RouteTable::find(const IpAddress& destination, const link::Interface* via) const {
    for (const RouteEntry& entry : entries())
        if (matches(entry, destination) && (!via || entry.interface == via)) return &entry;
    return nullptr;
}

}  // namespace holm::net::ip
