#include "kernel/posix/sockets/memberships.h"

#include <algorithm>
#include <array>

#include <netinet/in.h>
#include <string.h>

#include "kernel/posix/sockets/group_values.h"
#include "kernel/posix/sockets/socket_file.h"

namespace holm::posix {
namespace {

using What = GroupRequest::What;

Outcome ask(SocketFile& socket, GroupRequest request, std::uint32_t interface, const in_addr& address = {}) {
    const Outcome found = find_interface(interface, address, request.zone);
    return found < 0 ? found : socket.set_membership(request);
}

// struct ip_mreq, or the longer one that names the interface by its number instead of its address.
bool load_v4(ip_mreqn& request, const void* value, socklen_t size) {
    request = {};
    if (size < sizeof(ip_mreq)) return false;
    memcpy(&request, value, std::min<std::size_t>(size, sizeof(request)));
    return true;
}

Outcome set_membership_v4(SocketFile& socket, What what, const void* value, socklen_t size) {
    ip_mreqn request;
    if (!load_v4(request, value, size) || request.imr_ifindex < 0) return -EINVAL;
    return ask(socket, {.what = what, .group = address_of(request.imr_multiaddr)},
               static_cast<std::uint32_t>(request.imr_ifindex), request.imr_address);
}

Outcome set_source_v4(SocketFile& socket, What what, const void* value, socklen_t size) {
    ip_mreq_source request;
    if (!load(request, value, size)) return -EINVAL;
    return ask(socket,
               {.what = what,
                .group = address_of(request.imr_multiaddr),
                .source = address_of(request.imr_sourceaddr)},
               0, request.imr_interface);
}

Outcome set_membership_v6(SocketFile& socket, What what, const void* value, socklen_t size) {
    ipv6_mreq request;
    if (!load(request, value, size)) return -EINVAL;
    return ask(socket,
               {.what = what, .group = net::IpAddress::v6(std::to_array(request.ipv6mr_multiaddr.s6_addr))},
               request.ipv6mr_interface);
}

// Of either family, at the family's level.
Outcome set_membership_any(SocketFile& socket, What what, int level, const void* value, socklen_t size) {
    GroupRequest asked{.what = what};
    if (what == What::kJoin || what == What::kLeave) {
        group_req request;
        if (!load(request, value, size)) return -EINVAL;
        if (!read_storage(request.gr_group, level, asked.group)) return -EINVAL;
        return ask(socket, asked, request.gr_interface);
    }
    group_source_req request;
    if (!load(request, value, size)) return -EINVAL;
    if (!read_storage(request.gsr_group, level, asked.group) ||
        !read_storage(request.gsr_source, level, asked.source))
        return -EINVAL;
    return ask(socket, asked, request.gsr_interface);
}

// IP_MULTICAST_IF takes an address, or one of the structures; it is kept as a number, as for IPv6.
Outcome set_interface(SocketFile& socket, const void* value, socklen_t size) {
    ip_mreqn request{};
    if (size >= sizeof(ip_mreq)) {
        (void)load_v4(request, value, size);
    } else if (!load(request.imr_address, value, size)) {
        return -EINVAL;
    }
    std::uint8_t zone = 0;
    if (request.imr_ifindex < 0) return -EINVAL;
    const Outcome found =
        find_interface(static_cast<std::uint32_t>(request.imr_ifindex), request.imr_address, zone);
    return found < 0 ? -EADDRNOTAVAIL : socket.set_option(IPPROTO_IP, IP_MULTICAST_IF, zone);
}

}  // namespace

std::optional<Outcome> set_group_option(SocketFile& socket, int level, int name, const void* value,
                                        socklen_t size) {
    const bool v4 = level == IPPROTO_IP, v6 = level == IPPROTO_IPV6;
    if (!v4 && !v6) return std::nullopt;
    if (v6 && socket.family() != AF_INET6) return std::nullopt;
    switch (name) {
        case MCAST_JOIN_GROUP:
            return set_membership_any(socket, What::kJoin, level, value, size);
        case MCAST_LEAVE_GROUP:
            return set_membership_any(socket, What::kLeave, level, value, size);
        case MCAST_JOIN_SOURCE_GROUP:
            return set_membership_any(socket, What::kJoinSource, level, value, size);
        case MCAST_LEAVE_SOURCE_GROUP:
            return set_membership_any(socket, What::kLeaveSource, level, value, size);
        case MCAST_BLOCK_SOURCE:
            return set_membership_any(socket, What::kBlock, level, value, size);
        case MCAST_UNBLOCK_SOURCE:
            return set_membership_any(socket, What::kUnblock, level, value, size);
        default:
            break;
    }
    if (v6 && name == IPV6_JOIN_GROUP) return set_membership_v6(socket, What::kJoin, value, size);
    if (v6 && name == IPV6_LEAVE_GROUP) return set_membership_v6(socket, What::kLeave, value, size);
    if (!v4) return std::nullopt;
    switch (name) {
        case IP_MULTICAST_IF:
            return set_interface(socket, value, size);
        case IP_ADD_MEMBERSHIP:
            return set_membership_v4(socket, What::kJoin, value, size);
        case IP_DROP_MEMBERSHIP:
            return set_membership_v4(socket, What::kLeave, value, size);
        case IP_ADD_SOURCE_MEMBERSHIP:
            return set_source_v4(socket, What::kJoinSource, value, size);
        case IP_DROP_SOURCE_MEMBERSHIP:
            return set_source_v4(socket, What::kLeaveSource, value, size);
        case IP_BLOCK_SOURCE:
            return set_source_v4(socket, What::kBlock, value, size);
        case IP_UNBLOCK_SOURCE:
            return set_source_v4(socket, What::kUnblock, value, size);
        default:
            return std::nullopt;
    }
}

}  // namespace holm::posix
