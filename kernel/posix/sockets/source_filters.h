#pragma once

// IP_MSFILTER and MCAST_MSFILTER (RFC 3678, sections 4.1.2 and 4.2.2): whom a socket hears of a group, set
// and asked for as a whole.

#include <optional>

#include <sys/socket.h>

#include "kernel/posix/open_file.h"

namespace holm::posix {

class SocketFile;

// Nothing for other options. The errors are those of Linux: EINVAL for a group that is not joined or a value
// that is too short, ENOBUFS for more sources than a filter holds.
std::optional<Outcome> set_source_filter(SocketFile& socket, int level, int name, const void* value,
                                         socklen_t size);
// The same; as many sources are written as the value says that it has room for, and how many there are.
// EADDRNOTAVAIL for a group that is not joined.
std::optional<Outcome> get_source_filter(SocketFile& socket, int level, int name, void* value,
                                         socklen_t& size);

}  // namespace holm::posix
