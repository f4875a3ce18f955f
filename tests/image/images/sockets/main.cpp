// BSD sockets over the loopback interface: no device is needed.

#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/image/images/library/check.h"
#include "tests/image/images/sockets/ipv6.h"

namespace {

using namespace std::chrono_literals;

bool fails(long result, int error) {
    return result == -1 && errno == error;
}

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

const sockaddr* plain(const sockaddr_in& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

int listener_on(std::uint16_t port, int flags = 0) {
    const int listener = socket(AF_INET, SOCK_STREAM | flags, 0);
    const int yes = 1;
    CHECK(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0);
    const sockaddr_in address = loopback(port);
    CHECK(bind(listener, plain(address), sizeof(address)) == 0 && listen(listener, 16) == 0);
    return listener;
}

std::uint16_t port_of(int socket) {
    sockaddr_in address{};
    socklen_t size = sizeof(address);
    CHECK(getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0 && size == sizeof(address));
    return ntohs(address.sin_port);
}

int connect_to(std::uint16_t port) {
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
    const sockaddr_in address = loopback(port);
    CHECK(connect(client, plain(address), sizeof(address)) == 0);
    return client;
}

std::string read_all(int socket) {
    std::string all;
    char buffer[5000];
    for (;;) {
        const ssize_t count = read(socket, buffer, sizeof(buffer));
        if (count <= 0) return all;
        all.append(buffer, static_cast<std::size_t>(count));
    }
}

// An echo server in one thread a connection, as of old.
void test_blocking() {
    const int listener = listener_on(0);
    const std::uint16_t port = port_of(listener);
    CHECK(port != 0);
    std::thread server([&] {
        std::vector<std::thread> connections;
        for (int i = 0; i < 5; ++i) {
            sockaddr_in peer{};
            socklen_t size = sizeof(peer);
            const int connection = accept(listener, reinterpret_cast<sockaddr*>(&peer), &size);
            CHECK(connection >= 0 && peer.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
            connections.emplace_back([connection] {
                char buffer[3000];
                ssize_t count = 0;
                while ((count = recv(connection, buffer, sizeof(buffer), 0)) > 0) {
                    CHECK(send(connection, buffer, static_cast<std::size_t>(count), MSG_NOSIGNAL) == count);
                }
                close(connection);
            });
        }
        for (std::thread& connection : connections) connection.join();
    });
    std::vector<std::thread> clients;
    for (int i = 0; i < 5; ++i) {
        clients.emplace_back([port, i] {
            const int client = connect_to(port);
            const std::string message(static_cast<std::size_t>(200'000 + i), static_cast<char>('a' + i));
            std::thread sender([&] {
                CHECK(write(client, message.data(), message.size()) == static_cast<ssize_t>(message.size()));
                CHECK(shutdown(client, SHUT_WR) == 0);
            });
            CHECK(read_all(client) == message);
            sender.join();
            close(client);
        });
    }
    for (std::thread& client : clients) client.join();
    server.join();
    close(listener);
}

// The same in one thread with epoll, as today.
void test_event_loop() {
    const int listener = listener_on(0, SOCK_NONBLOCK);
    const std::uint16_t port = port_of(listener);
    CHECK(fails(accept(listener, nullptr, nullptr), EAGAIN));
    const int set = epoll_create1(0);
    epoll_event event{.events = EPOLLIN, .data = {.fd = listener}};
    CHECK(epoll_ctl(set, EPOLL_CTL_ADD, listener, &event) == 0);
    int served = 0;
    std::thread client_thread([port] {
        for (int i = 0; i < 10; ++i) {
            const int client = connect_to(port);
            CHECK(write(client, "request", 7) == 7);
            CHECK(read_all(client) == "response");
            close(client);
        }
    });
    while (served < 10) {
        epoll_event found[8];
        const int count = epoll_wait(set, found, 8, 5000);
        if (!CHECK(count > 0)) break;
        for (int i = 0; i < count; ++i) {
            if (found[i].data.fd == listener) {
                const int connection = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
                event = {.events = EPOLLIN | EPOLLET, .data = {.fd = connection}};
                CHECK(connection >= 0 && epoll_ctl(set, EPOLL_CTL_ADD, connection, &event) == 0);
                continue;
            }
            char buffer[64];
            if (recv(found[i].data.fd, buffer, sizeof(buffer), MSG_DONTWAIT) != 7) continue;
            CHECK(std::memcmp(buffer, "request", 7) == 0 && write(found[i].data.fd, "response", 8) == 8);
            CHECK(close(found[i].data.fd) == 0);
            ++served;
        }
    }
    client_thread.join();
    close(set);
    close(listener);
}

void test_stream_details() {
    const int listener = listener_on(7070);
    const int second = socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in address = loopback(7070);
    CHECK(bind(second, plain(address), sizeof(address)) == 0 && fails(listen(second, 1), EADDRINUSE));
    close(second);

    const int client = connect_to(7070);
    const int server = accept(listener, nullptr, nullptr);
    const int yes = 1;
    CHECK(setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)) == 0);
    CHECK(fails(connect(client, plain(address), sizeof(address)), EISCONN));
    char buffer[32] = {};
    CHECK(fails(recv(server, buffer, sizeof(buffer), MSG_DONTWAIT), EAGAIN));
    iovec pieces[] = {{const_cast<char*>("one "), 4}, {const_cast<char*>("two"), 3}};
    CHECK(writev(client, pieces, 2) == 7);
    CHECK(recv(server, buffer, 7, MSG_PEEK) > 0 && recv(server, buffer, 7, MSG_WAITALL) == 7);
    CHECK(std::strcmp(buffer, "one two") == 0);
    const timeval soon{.tv_sec = 0, .tv_usec = 3000};
    CHECK(setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon)) == 0);
    CHECK(fails(recv(server, buffer, sizeof(buffer), 0), EAGAIN));

    int value = 0;
    socklen_t size = sizeof(value);
    CHECK(getsockopt(client, SOL_SOCKET, SO_TYPE, &value, &size) == 0 && value == SOCK_STREAM);
    CHECK(getsockopt(listener, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 && value == 1);
    CHECK(getsockopt(client, IPPROTO_TCP, TCP_NODELAY, &value, &size) == 0 && value == 1);
    const int probes = 3;
    const int patience = 20'000;  // milliseconds
    CHECK(setsockopt(client, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes)) == 0);
    CHECK(setsockopt(client, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof(patience)) == 0);
    CHECK(getsockopt(client, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, &size) == 0 && value == patience);
    CHECK(getsockopt(client, IPPROTO_TCP, TCP_KEEPCNT, &value, &size) == 0 && value == probes);
    CHECK(setsockopt(client, IPPROTO_TCP, TCP_CONGESTION, "reno", 5) == 0);
    CHECK(fails(setsockopt(client, IPPROTO_TCP, TCP_CONGESTION, "vegas", 6), ENOENT));
    char algorithm[16] = {};
    size = sizeof(algorithm);
    CHECK(getsockopt(client, IPPROTO_TCP, TCP_CONGESTION, algorithm, &size) == 0);
    CHECK(std::strcmp(algorithm, "reno") == 0);
    tcp_info info{};
    size = sizeof(info);
    CHECK(getsockopt(client, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && size == sizeof(info));
    CHECK(info.tcpi_state == TCP_ESTABLISHED && info.tcpi_snd_mss > 500 && info.tcpi_snd_cwnd >= 2);
    size = sizeof(value);
    CHECK(fails(getsockopt(client, IPPROTO_TCP, TCP_MD5SIG, &value, &size), ENOPROTOOPT));
    sockaddr_in peer{};
    size = sizeof(peer);
    CHECK(getpeername(client, reinterpret_cast<sockaddr*>(&peer), &size) == 0 &&
          ntohs(peer.sin_port) == 7070);
    CHECK(fails(getpeername(listener, reinterpret_cast<sockaddr*>(&peer), &size), ENOTCONN));

    // A full pipe: the non-blocking writer is told to wait, and poll says when to go on.
    CHECK(fcntl(client, F_SETFL, O_NONBLOCK) == 0);
    const std::vector<char> block(100'000);
    std::size_t written = 0;
    ssize_t count = 0;
    while ((count = write(client, block.data(), block.size())) > 0)
        written += static_cast<std::size_t>(count);
    CHECK(count == -1 && errno == EAGAIN && written > 0);
    std::size_t drained = 0;
    std::thread reader([&] {
        std::vector<char> room(65536);
        while (drained < written) {
            const ssize_t got = read(server, room.data(), room.size());
            if (got <= 0) break;
            drained += static_cast<std::size_t>(got);
        }
    });
    pollfd writable{.fd = client, .events = POLLOUT, .revents = 0};
    CHECK(poll(&writable, 1, 5000) == 1 && (writable.revents & POLLOUT) != 0);
    reader.join();
    CHECK(drained == written);

    close(client);
    CHECK(recv(server, buffer, sizeof(buffer), 0) == 0);
    close(server);
    close(listener);

    const int nobody = socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in closed = loopback(7071);
    CHECK(fails(connect(nobody, plain(closed), sizeof(closed)), ECONNREFUSED));
    close(nobody);
    const int pending = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK(fails(connect(pending, plain(closed), sizeof(closed)), EINPROGRESS));
    pollfd connecting{.fd = pending, .events = POLLOUT, .revents = 0};
    CHECK(poll(&connecting, 1, 5000) == 1);
    size = sizeof(value);
    CHECK(getsockopt(pending, SOL_SOCKET, SO_ERROR, &value, &size) == 0 && value == ECONNREFUSED);
    close(pending);
}

void test_datagrams() {
    const int one = socket(AF_INET, SOCK_DGRAM, 0);
    const int two = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
    const sockaddr_in any = loopback(0);
    CHECK(bind(one, plain(any), sizeof(any)) == 0);
    const sockaddr_in to_one = loopback(port_of(one));
    CHECK(fails(send(two, "x", 1, 0), EDESTADDRREQ));
    CHECK(sendto(two, "datagram", 8, 0, plain(to_one), sizeof(to_one)) == 8);
    char buffer[32] = {};
    sockaddr_in from{};
    socklen_t size = sizeof(from);
    CHECK(recvfrom(one, buffer, sizeof(buffer), 0, reinterpret_cast<sockaddr*>(&from), &size) == 8);
    CHECK(std::strcmp(buffer, "datagram") == 0 && ntohs(from.sin_port) == port_of(two));
    CHECK(connect(one, plain(from), sizeof(from)) == 0 && send(one, "back", 4, 0) == 4);
    iovec room{buffer, 2};
    msghdr message{};
    message.msg_iov = &room;
    message.msg_iovlen = 1;
    CHECK(recvmsg(two, &message, 0) == 2 && message.msg_flags == MSG_TRUNC && buffer[0] == 'b');
    CHECK(fails(recv(two, buffer, sizeof(buffer), MSG_DONTWAIT), EAGAIN));
    close(one);
    close(two);
}

void test_errors() {
    CHECK(fails(socket(AF_UNIX, SOCK_STREAM, 0), EAFNOSUPPORT));
    CHECK(fails(socket(AF_INET, SOCK_RAW, 1), EPROTONOSUPPORT));
    CHECK(fails(listen(1, 5), ENOTSOCK) && fails(listen(77, 5), EBADF));
    const int stream = socket(AF_INET, SOCK_STREAM, 0);
    char byte = 0;
    CHECK(fails(recv(stream, &byte, 1, 0), ENOTCONN) && fails(send(stream, &byte, 1, 0), ENOTCONN));
    CHECK(fails(accept(stream, nullptr, nullptr), EINVAL) && fails(shutdown(stream, SHUT_WR), ENOTCONN));
    const sockaddr_in address = loopback(1);
    CHECK(fails(bind(stream, plain(address), 4), EINVAL));
    CHECK(fails(lseek(stream, 0, SEEK_SET), ESPIPE));
    close(stream);
}

// Two sockets that know only each other.
void test_pair() {
    int pair[2];
    CHECK(fails(socketpair(AF_INET, SOCK_STREAM, 0, pair), EOPNOTSUPP));
    CHECK(fails(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), EPROTONOSUPPORT));
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    CHECK(fcntl(pair[1], F_GETFD) == FD_CLOEXEC);
    sockaddr_in name{};
    socklen_t size = sizeof(name);
    CHECK(getsockname(pair[0], reinterpret_cast<sockaddr*>(&name), &size) == 0 && name.sin_family == AF_UNIX);
    CHECK(size == sizeof(sa_family_t));
    int value = 0;
    size = sizeof(value);
    CHECK(getsockopt(pair[0], SOL_SOCKET, SO_DOMAIN, &value, &size) == 0 && value == AF_UNIX);

    char buffer[64] = {};
    CHECK(write(pair[0], "one way", 7) == 7 && send(pair[1], "the other", 9, 0) == 9);
    CHECK(recv(pair[1], buffer, sizeof(buffer), MSG_PEEK) == 7 && read(pair[1], buffer, 3) == 3);
    CHECK(read(pair[1], buffer + 3, sizeof(buffer) - 3) == 4 && std::strcmp(buffer, "one way") == 0);
    CHECK(read(pair[0], buffer, sizeof(buffer)) == 9 && std::strncmp(buffer, "the other", 9) == 0);
    CHECK(fails(recv(pair[0], buffer, 1, MSG_DONTWAIT), EAGAIN));
    pollfd both[2] = {{pair[0], POLLIN | POLLOUT, 0}, {pair[1], POLLIN, 0}};
    CHECK(poll(both, 2, 0) == 1 && both[0].revents == POLLOUT && both[1].revents == 0);

    // More than fits at once, from one thread to the other.
    const std::string message(300'000, 'p');
    std::thread writer([&] {
        CHECK(write(pair[0], message.data(), message.size()) == static_cast<ssize_t>(message.size()));
        CHECK(shutdown(pair[0], SHUT_WR) == 0);
    });
    CHECK(read_all(pair[1]) == message);
    writer.join();
    CHECK(fails(write(pair[0], "x", 1), EPIPE) && write(pair[1], "still", 5) == 5);
    CHECK(close(pair[1]) == 0);
    CHECK(poll(both, 1, 0) == 1 && (both[0].revents & (POLLIN | POLLHUP)) == (POLLIN | POLLHUP));
    CHECK(read_all(pair[0]) == "still");
    CHECK(close(pair[0]) == 0);
}

// Names that are numbers need no server.
void test_names() {
    addrinfo hints{};
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* found = nullptr;
    CHECK(getaddrinfo("127.0.0.1", "80", &hints, &found) == 0 && found != nullptr);
    if (found != nullptr) {
        const auto* address = reinterpret_cast<const sockaddr_in*>(found->ai_addr);
        CHECK(ntohs(address->sin_port) == 80 && address->sin_addr.s_addr == htonl(INADDR_LOOPBACK));
        freeaddrinfo(found);
    }
}

}  // namespace

int main() {
    test_errors();
    test_names();
    test_datagrams();
    test_pair();
    test_stream_details();
    test_blocking();
    test_event_loop();
    test_both_families();
    test_scopes_and_names();
    test_control_data();
    test_groups();
    std::printf("%d checks, %d failed\n", checks, failures);
    return failures == 0 ? 0 : 1;
}
