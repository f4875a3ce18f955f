// Sending and receiving with more than read and write can say: peers, flags, several buffers.

#include <array>

#include <sys/uio.h>

#include "kernel/posix/descriptors.h"
#include "kernel/posix/sockets/address.h"
#include "kernel/posix/sockets/socket_file.h"
#include "kernel/posix/sockets/socket_wait.h"
#include "kernel/posix/system_call.h"

namespace holm::posix {
namespace {

// Nothing raises SIGPIPE here, so asking for none is granted.
constexpr int kSendFlags = MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE;
constexpr int kReceiveFlags = MSG_DONTWAIT | MSG_PEEK | MSG_TRUNC | MSG_WAITALL | MSG_CMSG_CLOEXEC;
constexpr std::size_t kMaxPieces = 8;  // of one message; programs use one or two

Outcome send_pieces(SocketFile& socket, std::span<Bytes> pieces, const Departure& departure, int flags) {
    if ((flags & ~kSendFlags) != 0) return refuse_use("an unusual flag of send", EOPNOTSUPP);
    Outcome total = 0;
    for (;;) {
        const Outcome sent = when_socket_ready(socket, POLLOUT, socket.send_timeout, flags, "send",
                                               [&] { return socket.send(pieces, departure); });
        if (sent < 0) return total > 0 ? total : sent;
        total += sent;
        // A blocking send of a stream returns when all is taken.
        auto taken = static_cast<std::size_t>(sent);
        while (!pieces.empty() && taken >= pieces.front().size()) {
            taken -= pieces.front().size();
            pieces = pieces.subspan(1);
        }
        if (pieces.empty() || socket.is_non_blocking() || (flags & MSG_DONTWAIT) != 0) return total;
        pieces.front() = pieces.front().subspan(taken);
    }
}

Outcome receive_into(SocketFile& socket, MutableBytes room, int flags, Arrival& arrival) {
    if ((flags & ~kReceiveFlags) != 0) return refuse_use("an unusual flag of recv", EOPNOTSUPP);
    const bool all = (flags & MSG_WAITALL) != 0 && socket.type() == SOCK_STREAM && (flags & MSG_PEEK) == 0;
    std::size_t total = 0;
    for (;;) {
        const Outcome received =
            when_socket_ready(socket, POLLIN, socket.receive_timeout, flags, "recv",
                              [&] { return socket.receive(room.subspan(total), flags, arrival); });
        if (received < 0) return total > 0 ? static_cast<Outcome>(total) : received;
        total += static_cast<std::size_t>(received);
        if (!all || received == 0 || total == room.size()) return static_cast<Outcome>(total);
    }
}

}  // namespace

SYSTEM_CALL(sendto, int descriptor, const std::byte* start, std::size_t size, int flags, const void* address,
            socklen_t address_size) {
    Outcome outcome = 0;
    const FileReference file = find_file(descriptor);
    SocketFile* socket = as_socket(file, outcome);
    if (socket == nullptr) return outcome;
    net::Endpoint destination;
    if (address != nullptr) {
        if (outcome = read_address(*socket, address, address_size, destination); outcome < 0) return outcome;
    }
    Bytes piece(start, size);
    return send_pieces(*socket, {&piece, 1}, {.destination = address != nullptr ? &destination : nullptr},
                       flags);
}

SYSTEM_CALL(recvfrom, int descriptor, std::byte* start, std::size_t size, int flags, void* address,
            socklen_t* address_size) {
    Outcome outcome = 0;
    const FileReference file = find_file(descriptor);
    SocketFile* socket = as_socket(file, outcome);
    if (socket == nullptr) return outcome;
    Arrival arrival;
    outcome = receive_into(*socket, {start, size}, flags, arrival);
    if (outcome >= 0) write_address_of(*socket, arrival.source, address, address_size);
    return outcome;
}

SYSTEM_CALL(sendmsg, int descriptor, const msghdr* message, int flags) {
    Outcome outcome = 0;
    const FileReference file = find_file(descriptor);
    SocketFile* socket = as_socket(file, outcome);
    if (socket == nullptr) return outcome;
    Departure departure;
    if (outcome = read_control(*message, socket->family(), departure); outcome < 0) return outcome;
    if (message->msg_iovlen < 0 || static_cast<std::size_t>(message->msg_iovlen) > kMaxPieces)
        return -EMSGSIZE;
    std::array<Bytes, kMaxPieces> pieces;
    std::size_t count = 0;
    for (const iovec& part : std::span(message->msg_iov, static_cast<std::size_t>(message->msg_iovlen))) {
        pieces[count++] = {static_cast<const std::byte*>(part.iov_base), part.iov_len};
    }
    net::Endpoint destination;
    if (message->msg_name != nullptr) {
        if (outcome = read_address(*socket, message->msg_name, message->msg_namelen, destination);
            outcome < 0)
            return outcome;
        departure.destination = &destination;
    }
    if (count == 0) pieces[count++] = {};
    return send_pieces(*socket, std::span(pieces).first(count), departure, flags);
}

// Only the first buffer that has room is filled: a stream gives the rest next time. A datagram that is longer
// is cut, and says so.
SYSTEM_CALL(recvmsg, int descriptor, msghdr* message, int flags) {
    Outcome outcome = 0;
    const FileReference file = find_file(descriptor);
    SocketFile* socket = as_socket(file, outcome);
    if (socket == nullptr) return outcome;
    if (message->msg_iovlen > 1 && socket->type() == SOCK_DGRAM) {
        return refuse_use("recvmsg of a datagram into several buffers", EOPNOTSUPP);
    }
    MutableBytes room;
    for (const iovec& part : std::span(message->msg_iov, static_cast<std::size_t>(message->msg_iovlen))) {
        if (room.empty()) room = {static_cast<std::byte*>(part.iov_base), part.iov_len};
    }
    Arrival arrival;
    outcome = receive_into(*socket, room, flags, arrival);
    if (outcome < 0) return outcome;
    write_address_of(*socket, arrival.source, message->msg_name, &message->msg_namelen);
    message->msg_flags = arrival.truncated ? MSG_TRUNC : 0;
    write_control(*message, socket->family(), arrival);
    return outcome;
}

}  // namespace holm::posix
