#include "kernel/posix/sockets/ip_options.h"

#include <netinet/in.h>
#include <sys/socket.h>

namespace holm::posix {
namespace {

enum class Which : std::uint8_t { kNone, kHops, kTrafficClass };

Which which(int family, int level, int name) {
    if (level == IPPROTO_IP && name == IP_TTL) return Which::kHops;
    if (level == IPPROTO_IP && name == IP_TOS) return Which::kTrafficClass;
    if (level != IPPROTO_IPV6 || family != AF_INET6) return Which::kNone;
    if (name == IPV6_UNICAST_HOPS) return Which::kHops;
    return name == IPV6_TCLASS ? Which::kTrafficClass : Which::kNone;
}

}  // namespace

// -1 is the default, for what IPv6 calls hops as for IPv4's time to live.
Outcome IpOptions::set(int family, int level, int name, int value) {
    const Which option = which(family, level, name);
    if (option == Which::kNone) return -ENOPROTOOPT;
    const bool hops = option == Which::kHops;
    if (value == -1) value = hops ? 64 : 0;
    if (value < (hops ? 1 : 0) || value > 255) return -EINVAL;
    (hops ? hops_ : traffic_class_) = static_cast<std::uint8_t>(value);
    return 0;
}

std::optional<int> IpOptions::get(int family, int level, int name) const {
    const Which option = which(family, level, name);
    if (option == Which::kNone) return std::nullopt;
    return option == Which::kHops ? hops_ : traffic_class_;
}

}  // namespace holm::posix
