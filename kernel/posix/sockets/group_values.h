#pragma once

// The structures that options about multicast groups take, read.

#include <cstdint>

#include <netinet/in.h>
#include <string.h>

#include "kernel/posix/open_file.h"
#include "net/address.h"

namespace holm::posix {

net::IpAddress address_of(const in_addr& address);

// False: the value is shorter than the structure.
template <typename T>
bool load(T& structure, const void* value, socklen_t size) {
    if (size < sizeof(structure)) return false;
    memcpy(&structure, value, sizeof(structure));
    return true;
}

// The interface with this number, or (0) with this address, or any (both are zero). -ENODEV.
Outcome find_interface(std::uint32_t number, const in_addr& address, std::uint8_t& zone);

// False: the address is not of the family whose level the option is of.
bool read_storage(const sockaddr_storage& storage, int level, net::IpAddress& address);

}  // namespace holm::posix
