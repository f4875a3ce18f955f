#include "kernel/posix/sockets/address.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

#include <netinet/in.h>

#include "kernel/posix/sockets/socket_file.h"

namespace holm::posix {
namespace {

template <typename T>
T swap_to_host(T value) {
    return std::endian::native == std::endian::little ? std::byteswap(value) : value;
}

void write_address(int family, const net::Endpoint& endpoint, void* address, socklen_t* size) {
    if (address == nullptr || size == nullptr) return;
    if (family == AF_INET6) {
        sockaddr_in6 written{};
        written.sin6_family = AF_INET6;
        written.sin6_port = swap_to_host(endpoint.port);
        std::memcpy(&written.sin6_addr, endpoint.address.bytes().data(), sizeof(written.sin6_addr));
        written.sin6_scope_id = endpoint.address.zone();
        std::memcpy(address, &written, std::min<std::size_t>(*size, sizeof(written)));
        *size = sizeof(written);
        return;
    }
    sockaddr_in written{};
    written.sin_family = AF_INET;
    written.sin_port = swap_to_host(endpoint.port);
    written.sin_addr.s_addr = swap_to_host(endpoint.address.is_v4() ? endpoint.address.to_v4() : 0u);
    std::memcpy(address, &written, std::min<std::size_t>(*size, sizeof(written)));
    *size = sizeof(written);
}

}  // namespace

Outcome read_address(const SocketFile& socket, const void* address, socklen_t size, net::Endpoint& result) {
    if (address == nullptr) return -EFAULT;
    const int family = socket.family();
    sa_family_t written_family = 0;
    if (size < sizeof(written_family)) return -EINVAL;
    std::memcpy(&written_family, address, sizeof(written_family));
    if (written_family != family || family == AF_UNIX) return -EAFNOSUPPORT;
    if (family == AF_INET6) {
        sockaddr_in6 written;
        if (size < offsetof(sockaddr_in6, sin6_scope_id)) return -EINVAL;  // RFC 2133 knew no scope
        std::memset(&written, 0, sizeof(written));
        std::memcpy(&written, address, std::min<std::size_t>(size, sizeof(written)));
        result.address = net::IpAddress::v6(std::to_array(written.sin6_addr.s6_addr));
        if (written.sin6_scope_id > 255) return -EINVAL;
        if (result.address.needs_zone())
            result.address = result.address.with_zone(std::uint8_t(written.sin6_scope_id));
        result.port = swap_to_host(written.sin6_port);
        return 0;
    }
    sockaddr_in written;
    if (size < sizeof(written)) return -EINVAL;
    std::memcpy(&written, address, sizeof(written));
    result.address = net::IpAddress::v4(swap_to_host(written.sin_addr.s_addr));
    result.port = swap_to_host(written.sin_port);
    return 0;
}

void write_address_of(const SocketFile& socket, const net::Endpoint& endpoint, void* address,
                      socklen_t* size) {
    if (socket.family() != AF_UNIX) return write_address(socket.family(), endpoint, address, size);
    if (address == nullptr || size == nullptr) return;
    const sa_family_t family = AF_UNIX;
    std::memcpy(address, &family, std::min<std::size_t>(*size, sizeof(family)));
    *size = sizeof(family);
}

}  // namespace holm::posix
