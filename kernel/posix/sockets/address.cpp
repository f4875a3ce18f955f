#include "kernel/posix/sockets/address.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include <netinet/in.h>

#include "kernel/posix/sockets/socket_file.h"

namespace holm::posix {
namespace {

template <typename T>
T swap_to_host(T value) {
    return std::endian::native == std::endian::little ? std::byteswap(value) : value;
}

}  // namespace

Outcome read_address(const void* address, socklen_t size, net::Endpoint& result) {
    if (address == nullptr) return -EFAULT;
    sa_family_t family = 0;
    if (size < sizeof(family)) return -EINVAL;
    std::memcpy(&family, address, sizeof(family));
    if (family != AF_INET) return -EAFNOSUPPORT;
    sockaddr_in written;
    if (size < sizeof(written)) return -EINVAL;
    std::memcpy(&written, address, sizeof(written));
    result.address = net::IpAddress::v4(swap_to_host(written.sin_addr.s_addr));
    result.port = swap_to_host(written.sin_port);
    return 0;
}

void write_address(const net::Endpoint& endpoint, void* address, socklen_t* size) {
    if (address == nullptr || size == nullptr) return;
    sockaddr_in written{};
    written.sin_family = AF_INET;
    written.sin_port = swap_to_host(endpoint.port);
    written.sin_addr.s_addr = swap_to_host(endpoint.address.is_v4() ? endpoint.address.to_v4() : 0u);
    std::memcpy(address, &written, std::min<std::size_t>(*size, sizeof(written)));
    *size = sizeof(written);
}

void write_address_of(const SocketFile& socket, const net::Endpoint& endpoint, void* address,
                      socklen_t* size) {
    if (socket.family() != AF_UNIX) return write_address(endpoint, address, size);
    if (address == nullptr || size == nullptr) return;
    const sa_family_t family = AF_UNIX;
    std::memcpy(address, &family, std::min<std::size_t>(*size, sizeof(family)));
    *size = sizeof(family);
}

}  // namespace holm::posix
