#pragma once

// Options about multicast groups, whose values are structures: IP_ADD_MEMBERSHIP and its kin,
// IPV6_JOIN_GROUP, the MCAST_ ones of both families (RFC 3678), and which interface packets to groups leave
// by.

#include <optional>

#include <sys/socket.h>

#include "kernel/posix/open_file.h"

namespace holm::posix {

class SocketFile;

// Nothing for other options.
std::optional<Outcome> set_group_option(SocketFile& socket, int level, int name, const void* value,
                                        socklen_t size);

}  // namespace holm::posix
