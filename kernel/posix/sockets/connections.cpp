// Sockets and their connections: opening, binding, listening, accepting, connecting, ending.

#include <netinet/in.h>

#include "kernel/posix/descriptors.h"
#include "kernel/posix/sockets/address.h"
#include "kernel/posix/sockets/socket_file.h"
#include "kernel/posix/sockets/socket_wait.h"
#include "kernel/posix/system_call.h"

namespace holm::posix {

SocketFile* as_socket(const FileReference& file, Outcome& outcome) {
    if (!file) {
        outcome = -EBADF;
    } else if (file->kind() != &kSocketKind) {
        outcome = -ENOTSOCK;
    } else {
        return static_cast<SocketFile*>(file.get());
    }
    return nullptr;
}

SYSTEM_CALL(socket, int family, int type, int protocol) {
    if (family != AF_INET && family != AF_INET6)
        return refuse_use("a socket family but IPv4 and IPv6", EAFNOSUPPORT);
    const int flags = type & (SOCK_NONBLOCK | SOCK_CLOEXEC);
    static_assert(SOCK_NONBLOCK == O_NONBLOCK && SOCK_CLOEXEC == O_CLOEXEC);
    SocketFile* socket = nullptr;
    if ((type & ~flags) == SOCK_STREAM && (protocol == 0 || protocol == IPPROTO_TCP)) {
        socket = open_tcp(family, flags);
    } else if ((type & ~flags) == SOCK_DGRAM && (protocol == 0 || protocol == IPPROTO_UDP)) {
        if (const Outcome outcome = open_udp(family, flags, socket); outcome < 0) return outcome;
    } else {
        return refuse_use("a socket type but TCP and UDP", EPROTONOSUPPORT);
    }
    return add_descriptor(socket, flags);
}

SYSTEM_CALL(bind, int descriptor, const void* address, socklen_t size) {
    Outcome outcome = 0;
    const FileReference file = find_file(descriptor);
    SocketFile* socket = as_socket(file, outcome);
    if (socket == nullptr) return outcome;
    net::Endpoint local;
    if (outcome = read_address(*socket, address, size, local); outcome < 0) return outcome;
    return socket->bind(local);
}

SYSTEM_CALL(listen, int descriptor, int backlog) {
    Outcome outcome = 0;
    const FileReference file = find_file(descriptor);
    SocketFile* socket = as_socket(file, outcome);
    return socket != nullptr ? socket->listen(backlog) : outcome;
}

SYSTEM_CALL(accept4, int descriptor, void* address, socklen_t* size, int flags) {
    Outcome outcome = 0;
    const FileReference file = find_file(descriptor);
    SocketFile* listener = as_socket(file, outcome);
    if (listener == nullptr) return outcome;
    if ((flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) != 0) return -EINVAL;
    FileReference accepted;
    outcome = when_socket_ready(*listener, POLLIN, listener->receive_timeout, 0, "accept",
                                [&] { return listener->accept(flags, accepted); });
    if (outcome < 0) return outcome;
    const auto& peer = static_cast<const SocketFile&>(*accepted);
    if (const auto remote = peer.remote()) write_address_of(peer, *remote, address, size);
    return add_descriptor(accepted.get(), flags);
}

SYSTEM_CALL(accept, int descriptor, void* address, socklen_t* size) {
    return system_accept4(descriptor, address, size, 0);
}

SYSTEM_CALL(connect, int descriptor, const void* address, socklen_t size) {
    Outcome outcome = 0;
    const FileReference file = find_file(descriptor);
    SocketFile* socket = as_socket(file, outcome);
    if (socket == nullptr) return outcome;
    net::Endpoint remote;
    if (outcome = read_address(*socket, address, size, remote); outcome < 0) return outcome;
    // "This host" is what programs mean by the unspecified address.
    if (remote.address.is_unspecified())
        remote.address =
            remote.address.is_v4() ? net::IpAddress::v4(127, 0, 0, 1) : net::IpAddress::loopback_v6();
    outcome = socket->connect(remote);
    if (outcome != -EINPROGRESS || socket->is_non_blocking()) return outcome;
    const Outcome waited =
        wait_until_ready(*socket, POLLOUT, deadline_after(socket->send_timeout), "connect");
    return waited == -EAGAIN ? -EINPROGRESS : socket->connect_result();
}

SYSTEM_CALL(shutdown, int descriptor, int how) {
    Outcome outcome = 0;
    const FileReference file = find_file(descriptor);
    SocketFile* socket = as_socket(file, outcome);
    if (socket == nullptr) return outcome;
    if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR) return -EINVAL;
    return socket->shut_down(how);
}

SYSTEM_CALL(getsockname, int descriptor, void* address, socklen_t* size) {
    Outcome outcome = 0;
    const FileReference file = find_file(descriptor);
    const SocketFile* socket = as_socket(file, outcome);
    if (socket != nullptr) write_address_of(*socket, socket->local(), address, size);
    return outcome;
}

SYSTEM_CALL(getpeername, int descriptor, void* address, socklen_t* size) {
    Outcome outcome = 0;
    const FileReference file = find_file(descriptor);
    const SocketFile* socket = as_socket(file, outcome);
    if (socket == nullptr) return outcome;
    const Result<net::Endpoint> remote = socket->remote();
    if (!remote) return outcome_of(remote.error());
    write_address_of(*socket, *remote, address, size);
    return 0;
}

}  // namespace holm::posix
