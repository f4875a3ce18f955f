#pragma once

// The routing table of both families: a few prefixes, the longest match wins.

#include <cstdint>
#include <memory>
#include <span>

#include "net/address.h"

namespace holm::net::link {
class Interface;
}

namespace holm::net::ip {

// Whose it is: who has made routes replaces them.
enum class RouteOrigin : std::uint8_t {
    kIpv4,        // of the interface's IPv4 address
    kConfigured,  // of IPv6 addresses and gateways that the operator has named
    kDiscovered,  // routers have told of them (RFC 4861)
};

struct RouteEntry {
    IpAddress network = IpAddress::any_v4();
    std::uint8_t prefix_length = 0;
    IpAddress gateway = IpAddress::any_v4();  // unspecified: destinations are neighbours on the link
    link::Interface* interface = nullptr;
    RouteOrigin origin = RouteOrigin::kIpv4;
    IpAddress spare = IpAddress::any_v4();  // takes the gateway's place when that does not answer
};

class RouteTable {
  public:
    static constexpr std::size_t kCapacity = 1024;  // some for each interface of the largest router

    // Returns false when the table is full, or memory is. A route to the same prefix over the same interface
    // is replaced.
    bool add(const RouteEntry& entry);
    void remove_interface(const link::Interface& interface, RouteOrigin origin);
    // This neighbour does not answer: where it is a gateway its spare is from now on, and it is the spare's.
    void gateway_failed(const IpAddress& gateway);
    // Null: there is no way. `via`: only routes over this interface, if not null.
    const RouteEntry* find(const IpAddress& destination, const link::Interface* via = nullptr) const;
    std::span<const RouteEntry> entries() const { return {entries_.get(), count_}; }

  private:
    bool grow();

    std::unique_ptr<RouteEntry[]> entries_;  // longest prefix first
    std::size_t room_ = 0;
    std::size_t count_ = 0;
};

}  // namespace holm::net::ip
