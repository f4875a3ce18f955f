#pragma once

// Socket addresses as programs write them, and as the stack has them.

#include <sys/socket.h>

#include "kernel/posix/open_file.h"
#include "net/address.h"

namespace holm::posix {

// -EINVAL when too short, -EAFNOSUPPORT for anything but IPv4.
Outcome read_address(const void* address, socklen_t size, net::Endpoint& result);

// As much as there is room for at `address`; `*size` becomes the size of all of it. Null addresses are
// skipped.
void write_address(const net::Endpoint& endpoint, void* address, socklen_t* size);

// The same for an address that belongs to this socket or its peer: it is of the socket's family.
class SocketFile;
void write_address_of(const SocketFile& socket, const net::Endpoint& endpoint, void* address,
                      socklen_t* size);

}  // namespace holm::posix
