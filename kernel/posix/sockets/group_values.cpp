#include "kernel/posix/sockets/group_values.h"

#include <array>
#include <bit>

#include "kernel/network/network.h"

namespace holm::posix {

net::IpAddress address_of(const in_addr& address) {
    const auto bytes = std::bit_cast<std::array<std::uint8_t, 4>>(address);
    return net::IpAddress::v4(bytes[0], bytes[1], bytes[2], bytes[3]);
}

Outcome find_interface(std::uint32_t number, const in_addr& address, std::uint8_t& zone) {
    const auto interfaces = network().stack().interfaces();
    zone = 0;
    if (number > interfaces.size()) return -ENODEV;
    zone = static_cast<std::uint8_t>(number);
    if (number != 0 || address.s_addr == INADDR_ANY) return 0;
    for (const net::Interface* interface : interfaces)
        if (interface->is_own(address_of(address))) zone = interface->zone();
    return zone != 0 ? 0 : -ENODEV;
}

bool read_storage(const sockaddr_storage& storage, int level, net::IpAddress& address) {
    if (level == IPPROTO_IP && storage.ss_family == AF_INET) {
        address = address_of(reinterpret_cast<const sockaddr_in&>(storage).sin_addr);
        return true;
    }
    if (level != IPPROTO_IPV6 || storage.ss_family != AF_INET6) return false;
    address =
        net::IpAddress::v6(std::to_array(reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr.s6_addr));
    return true;
}

}  // namespace holm::posix
