// Socket options.

#include <optional>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/time.h>

#include "kernel/posix/descriptors.h"
#include "kernel/posix/sockets/memberships.h"
#include "kernel/posix/sockets/socket_file.h"
#include "kernel/posix/sockets/source_filters.h"
#include "kernel/posix/system_call.h"
#include "kernel/posix/times.h"

namespace holm::posix {
namespace {

Outcome set_timeout(Duration& timeout, const void* value, socklen_t size) {
    timeval time;
    if (size < sizeof(time)) return -EINVAL;
    memcpy(&time, value, sizeof(time));
    const std::optional<Duration> duration =
        to_duration({.tv_sec = time.tv_sec, .tv_nsec = time.tv_usec * 1000});
    if (!duration) return -EDOM;
    timeout = *duration;
    return 0;
}

Outcome set_linger(SocketFile& socket, const void* value, socklen_t size) {
    linger option;
    if (size < sizeof(option)) return -EINVAL;
    memcpy(&option, value, sizeof(option));
    if (option.l_onoff != 0 && option.l_linger != 0) return refuse_use("lingering in close", EOPNOTSUPP);
    return socket.set_option(SOL_SOCKET, SO_LINGER, option.l_onoff != 0 ? 0 : 1);
}

Outcome set_number(SocketFile& socket, int level, int name, int value) {
    // Ports are free again as soon as nothing uses them, and only TCP buffers what is sent.
    if (level == SOL_SOCKET && name == SO_REUSEADDR) return 0;
    const Outcome outcome = socket.set_option(level, name, value);
    if (outcome == -ENOPROTOOPT && level == SOL_SOCKET && name == SO_SNDBUF) return 0;
    return outcome == -ENOPROTOOPT ? refuse_use("a socket option", ENOPROTOOPT) : outcome;
}

// The options whose value is a number that can be asked for.
Outcome get_number(SocketFile& socket, int level, int name, int& value) {
    if (level == IPPROTO_IPV6 && name == IPV6_V6ONLY && socket.family() == AF_INET6) {
        value = socket.only_v6();
        return 0;
    }
    if (level != SOL_SOCKET) return refuse_use("asking for a socket option of TCP or IP", ENOPROTOOPT);
    switch (name) {
        case SO_ERROR:
            value = socket.take_error();
            return 0;
        case SO_TYPE:
            value = socket.type();
            return 0;
        case SO_DOMAIN:
            value = socket.family();
            return 0;
        case SO_PROTOCOL:
            value = socket.family() == AF_UNIX ? 0 : socket.type() == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
            return 0;
        case SO_ACCEPTCONN:
            value = socket.is_listening();
            return 0;
        case SO_REUSEADDR:
            value = 1;
            return 0;
        default:
            return refuse_use("asking for a socket option", ENOPROTOOPT);
    }
}

}  // namespace

SYSTEM_CALL(setsockopt, int descriptor, int level, int name, const void* value, socklen_t size) {
    Outcome outcome = 0;
    const FileReference file = find_file(descriptor);
    SocketFile* socket = as_socket(file, outcome);
    if (socket == nullptr) return outcome;
    if (level == SOL_SOCKET && name == SO_RCVTIMEO) return set_timeout(socket->receive_timeout, value, size);
    if (level == SOL_SOCKET && name == SO_SNDTIMEO) return set_timeout(socket->send_timeout, value, size);
    if (level == SOL_SOCKET && name == SO_LINGER) return set_linger(*socket, value, size);
    if (const auto done = set_group_option(*socket, level, name, value, size)) return *done;
    if (const auto done = set_source_filter(*socket, level, name, value, size)) return *done;
    if (level == IPPROTO_TCP && name == TCP_CONGESTION)
        return socket->set_option(level, name, Bytes(static_cast<const std::byte*>(value), size));
    int number = 0;
    if (level == IPPROTO_IP && size >= 1 && size < sizeof(number))
        number = *static_cast<const std::uint8_t*>(value);  // a byte will do, as BSD has it
    else if (size < sizeof(number))
        return -EINVAL;
    else
        memcpy(&number, value, sizeof(number));
    return set_number(*socket, level, name, number);
}

SYSTEM_CALL(getsockopt, int descriptor, int level, int name, void* value, socklen_t* size) {
    Outcome outcome = 0;
    const FileReference file = find_file(descriptor);
    SocketFile* socket = as_socket(file, outcome);
    if (socket == nullptr) return outcome;
    if (const auto done = get_source_filter(*socket, level, name, value, *size)) return *done;
    outcome = socket->get_option(level, name, MutableBytes(static_cast<std::byte*>(value), *size));
    if (outcome != -ENOPROTOOPT) {
        if (outcome >= 0) *size = static_cast<socklen_t>(outcome);
        return outcome < 0 ? outcome : 0;
    }
    int number = 0;
    if (*size < sizeof(number)) return -EINVAL;
    outcome = get_number(*socket, level, name, number);
    if (outcome < 0) return outcome;
    memcpy(value, &number, sizeof(number));
    *size = sizeof(number);
    return 0;
}

}  // namespace holm::posix
