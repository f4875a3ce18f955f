#pragma once

// Who is heard of those that send to a group (RFC 3376, section 2; RFC 3810, section 4).

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "net/address.h"

namespace holm::net::multicast {

// Addresses in no order, each once.
//
// Bound: kCapacity.
class SourceList {
  public:
    static constexpr std::size_t kCapacity = 32;

    std::span<const IpAddress> all() const { return {addresses_.data(), count_}; }
    bool empty() const { return count_ == 0; }
    bool contains(const IpAddress& address) const { return std::ranges::contains(all(), address); }
    // False: the list is full.
    bool add(const IpAddress& address) {
        if (contains(address)) return true;
        if (count_ == kCapacity) return false;
        addresses_[count_++] = address;
        return true;
    }
    void remove(const IpAddress& address) {
        if (const auto found = std::ranges::find(all(), address); found != all().end())
            addresses_[std::size_t(found - all().begin())] = addresses_[--count_];
    }
    void clear() { count_ = 0; }

  private:
    std::array<IpAddress, kCapacity> addresses_;
    std::size_t count_ = 0;
};

// INCLUDE: the sources of the list alone. EXCLUDE: all but them. INCLUDE of none is not to listen at all, and
// EXCLUDE of none is to listen whoever sends.
struct SourceFilter {
    bool include = true;
    SourceList sources;

    bool hears(const IpAddress& source) const { return sources.contains(source) == include; }
    bool is_deaf() const { return include && sources.empty(); }
};

// The filter of one user of a group. While the group is joined with it, it belongs to a list.
struct FilteringMember {
    SourceFilter filter;
    FilteringMember* next = nullptr;
};

}  // namespace holm::net::multicast
