#pragma once

// Socket addresses as programs write them, and as the stack has them.

#include <sys/socket.h>

#include "kernel/posix/open_file.h"
#include "net/address.h"

namespace holm::posix {

class SocketFile;

// An address for this socket: it is of the socket's family, AF_INET or AF_INET6, where an IPv4 address stands
// in its mapped form. -EINVAL when too short, -EAFNOSUPPORT for any other.
Outcome read_address(const SocketFile& socket, const void* address, socklen_t size, net::Endpoint& result);

// As much of an address of this socket or its peer as there is room for at `address`; `*size` becomes the
// size of all of it. Null addresses are skipped.
void write_address_of(const SocketFile& socket, const net::Endpoint& endpoint, void* address,
                      socklen_t* size);

}  // namespace holm::posix
