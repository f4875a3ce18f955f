#include "kernel/posix/sockets/interface_names.h"

#include <algorithm>
#include <memory>

#include <errno.h>
#include <net/if.h>

#include "kernel/network/network.h"

namespace holm::posix {

std::string_view name_of_zone(std::uint32_t zone) {
    const auto interfaces = network().stack().interfaces();
    if (zone == 0 || zone > interfaces.size()) return {};
    if (interfaces[zone - 1]->is_loopback()) return "lo";
    for (const auto& port : network().ports())
        if (port->has_interface() && port->interface().zone() == zone) return port->name();
    return {};
}

std::uint8_t zone_named(std::string_view name) {
    for (const net::Interface* interface : network().stack().interfaces())
        if (!name.empty() && name_of_zone(interface->zone()) == name) return interface->zone();
    return 0;
}

// These take the place of musl's functions, which ask a socket of AF_UNIX.
extern "C" unsigned if_nametoindex(const char* name) {
    const unsigned zone = zone_named(name);
    if (zone == 0) errno = ENODEV;
    return zone;
}

extern "C" char* if_indextoname(unsigned index, char* name) {
    const std::string_view found = name_of_zone(index);
    if (found.empty()) {
        errno = ENXIO;
        return nullptr;
    }
    const std::size_t size = std::min<std::size_t>(found.size(), IF_NAMESIZE - 1);
    std::copy_n(found.begin(), size, name);
    name[size] = '\0';
    return name;
}

}  // namespace holm::posix
