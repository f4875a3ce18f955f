#include "tests/support/http/epoll_server.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

namespace holm::http {
namespace {

int check(int result, const char* what) {
    if (result < 0) {
        std::perror(what);
        std::abort();
    }
    return result;
}

Time read_clocks() {
    timespec monotonic{};
    clock_gettime(CLOCK_MONOTONIC, &monotonic);
    return {Instant::from_nanoseconds(monotonic.tv_sec * 1'000'000'000 + monotonic.tv_nsec), ::time(nullptr)};
}

struct Connection {
    Connection(int socket, SessionContext& context, Time time) : fd(socket), session(context, time) {}
    ~Connection() { close(fd); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    int fd;
    Session session;
    std::string input;
    bool peer_ended = false;
    bool shut_down = false;
    bool broken = false;
};

}  // namespace

struct EpollServer::State {
    const Service& service;
    SessionContext context;
    int listener = check(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
    int epoll = check(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    std::map<int, std::unique_ptr<Connection>> connections;
    std::array<char, 65536> buffer;

    State(const Service& served, Limits limits, Timeouts timeouts)
        : service(served), context(limits, timeouts) {}

    void accept_all(Time time) {
        while (true) {
            const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0) return;
            const int on = 1;
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.fd = fd}};
            check(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
            connections.emplace(fd, std::make_unique<Connection>(fd, context, time));
        }
    }

    // Answers what the input holds; input that is not consumed stays.
    bool process(Connection& c, Time time) {
        bool progress = false;
        while (c.session.wants_input() && !c.input.empty()) {
            const auto [consumed, request, refused] = c.session.receive(time, as_bytes(c.input));
            if (request != nullptr) c.session.respond(time, service.answer(*request));
            c.input.erase(0, consumed);
            progress |= consumed > 0;
            if (request == nullptr) break;
        }
        return progress;
    }

    bool flush(Connection& c, Time time) {
        bool progress = false;
        while (true) {
            const Session::Output output = c.session.output(time);
            if (output.bytes.empty()) return progress;
            const ssize_t sent = send(c.fd, output.bytes.data(), output.bytes.size(), MSG_NOSIGNAL);
            if (sent < 0) {
                c.broken = errno != EAGAIN;
                return progress;
            }
            c.session.sent(time, static_cast<std::size_t>(sent));
            progress = true;
        }
    }

    void drive(Connection& c, Time time) {
        bool progress = true;
        while (progress && !c.broken) {
            progress = process(c, time);
            progress |= flush(c, time);
            // Reads one buffer ahead at most: when the session does not take it, the peer has to wait.
            if (c.input.empty() && !c.peer_ended && c.session.wants_input()) {
                const ssize_t got = recv(c.fd, buffer.data(), buffer.size(), 0);
                if (got > 0) c.input.assign(buffer.data(), static_cast<std::size_t>(got));
                if (got == 0) c.peer_ended = true;
                if (got < 0 && errno != EAGAIN) c.broken = true;
                progress |= got > 0;
            }
            if (c.peer_ended && c.input.empty()) c.session.end_of_input();
        }
        if (c.session.shuts_down() && !c.shut_down) {
            shutdown(c.fd, SHUT_WR);
            c.shut_down = true;
        }
    }

    void remove_ended() {
        std::erase_if(connections,
                      [](const auto& item) { return item.second->broken || item.second->session.closed(); });
    }
};

EpollServer::EpollServer(const Service& service, std::uint16_t port, Limits limits, Timeouts timeouts)
    : state_(std::make_unique<State>(service, limits, timeouts)) {
    const int on = 1;
    setsockopt(state_->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    check(bind(state_->listener, reinterpret_cast<sockaddr*>(&address), sizeof address), "bind");
    check(listen(state_->listener, 512), "listen");
    epoll_event event{.events = EPOLLIN, .data = {.fd = state_->listener}};
    check(epoll_ctl(state_->epoll, EPOLL_CTL_ADD, state_->listener, &event), "epoll_ctl");
}

EpollServer::~EpollServer() {
    close(state_->listener);
    close(state_->epoll);
}

std::uint16_t EpollServer::port() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    check(getsockname(state_->listener, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
    return ntohs(address.sin_port);
}

void EpollServer::run(const std::atomic<bool>& stop) {
    State& state = *state_;
    bool stopping = false;
    while (!stopping || !state.connections.empty()) {
        std::array<epoll_event, 256> events;
        const int count = epoll_wait(state.epoll, events.data(), events.size(), 20);
        const Time time = read_clocks();
        for (int i = 0; i < count; ++i) {
            if (events[i].data.fd == state.listener) {
                state.accept_all(time);
            } else if (const auto found = state.connections.find(events[i].data.fd);
                       found != state.connections.end()) {
                state.drive(*found->second, time);
            }
        }
        if (!stopping && stop) {
            stopping = true;
            epoll_ctl(state.epoll, EPOLL_CTL_DEL, state.listener, nullptr);
            for (auto& [fd, connection] : state.connections) {
                connection->session.stop(time);
                state.drive(*connection, time);
            }
        }
        for (auto& [fd, connection] : state.connections) {
            if (time.now < connection->session.deadline()) continue;
            connection->session.expire(time);
            state.drive(*connection, time);
        }
        state.remove_ended();
    }
}

}  // namespace holm::http
