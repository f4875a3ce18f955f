#pragma once

// Connecting to a host by its name, with Happy Eyeballs (RFC 8305): both families are asked for at once, and
// addresses are tried one after another without waiting for the slow ones, the families in turn. The first
// connection that stands is taken, the others are given up.

#include <cstdint>
#include <string_view>

#include "base/instant.h"
#include "kernel/network/resolver.h"
#include "kernel/network/tcp_stream.h"
#include "kernel/task/task.h"

namespace holm {

// Section 8.
inline constexpr Duration kResolutionDelay = Duration::milliseconds(50);  // for AAAA, once A is there
inline constexpr Duration kAttemptDelay = Duration::milliseconds(250);    // before the next address

// `host` must live as long as the task. Errors: those of Resolver::resolve() if there is no address, else
// those of the last attempt.
Task<Result<TcpStream>> connect_by_name(net::Stack& stack, Resolver& resolver, std::string_view host,
                                        std::uint16_t port, Instant deadline = Instant::never());

}  // namespace holm
