#pragma once

// The options of IP that streams and datagrams have in common. A socket of IPv6 that speaks IPv4 too has one
// hop limit and one traffic class for both, under either name.

#include <cstdint>
#include <optional>

#include "kernel/posix/open_file.h"

namespace holm::posix {

class IpOptions {
  public:
    // IP_TTL, IP_TOS, IPV6_UNICAST_HOPS, IPV6_TCLASS. -ENOPROTOOPT for others, -EINVAL for values that cannot
    // be.
    Outcome set(int family, int level, int name, int value);
    // Nothing for other options.
    std::optional<int> get(int family, int level, int name) const;

    std::uint8_t hops() const { return hops_; }
    std::uint8_t traffic_class() const { return traffic_class_; }

  private:
    std::uint8_t hops_ = 64;
    std::uint8_t traffic_class_ = 0;
};

}  // namespace holm::posix
