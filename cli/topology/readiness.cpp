#include "cli/topology/readiness.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <thread>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "cli/topology/dns_message.h"
#include "cli/topology/namespaces.h"

namespace holm::cli {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kPause = 5ms;       // between two tries: what a start is measured to
constexpr int kPatienceMs = 200;   // for one answer
constexpr auto kAliveFor = 100ms;  // what could not start at all has said so by then

// Where the service is, as sockets have it; returns the length.
socklen_t write_address(const Probe& probe, sockaddr_storage& storage) {
    if (probe.address) {
        sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(probe.check.port)};
        std::memcpy(&address.sin_addr, probe.address->bytes.data(), probe.address->bytes.size());
        std::memcpy(&storage, &address, sizeof address);
        return sizeof address;
    }
    sockaddr_in6 address{.sin6_family = AF_INET6, .sin6_port = htons(probe.check.port)};
    std::memcpy(&address.sin6_addr, probe.address6->bytes.data(), probe.address6->bytes.size());
    std::memcpy(&storage, &address, sizeof address);
    return sizeof address;
}

// As it stands in a URL.
std::string host_text(const Probe& probe) {
    return probe.address ? probe.address->text() : formatted("[{}]", probe.address6->text());
}

// A socket connected to the service; -1 when it cannot be had in time.
Descriptor connect_to(const Probe& probe, int type) {
    sockaddr_storage address{};
    const socklen_t length = write_address(probe, address);
    Descriptor made(socket(address.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (connect(made.number(), reinterpret_cast<const sockaddr*>(&address), length) == 0) return made;
    if (errno != EINPROGRESS) return Descriptor();
    pollfd wait{made.number(), POLLOUT, 0};
    int error = 1;
    socklen_t size = sizeof error;
    if (poll(&wait, 1, kPatienceMs) != 1 ||
        getsockopt(made.number(), SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0)
        return Descriptor();
    return made;
}

// The first bytes of the answer to a question.
std::string ask(const Probe& probe, int type, std::string_view question) {
    const Descriptor connection = connect_to(probe, type);
    if (connection.number() < 0 ||
        send(connection.number(), question.data(), question.size(), MSG_NOSIGNAL) < 0)
        return "";
    pollfd wait{connection.number(), POLLIN, 0};
    std::array<char, 512> answer;
    if (poll(&wait, 1, kPatienceMs) != 1) return "";
    const ssize_t size = recv(connection.number(), answer.data(), answer.size(), 0);
    return {answer.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

bool http_answers(const Probe& probe) {
    const std::string answer = ask(probe, SOCK_STREAM,
                                   formatted("GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
                                             probe.check.text, host_text(probe)));
    // "HTTP/1.1 200 OK": anything that is no complaint.
    return answer.size() > 9 && answer.starts_with("HTTP/1.") && (answer[9] == '2' || answer[9] == '3');
}

bool dns_answers(const Probe& probe) {
    return is_good_dns_answer(ask(probe, SOCK_DGRAM, dns_query(probe.check.text, DnsType::kSoa)));
}

bool log_says(const Probe& probe) {
    std::ifstream file(probe.log, std::ios::binary);
    file.seekg(static_cast<std::streamoff>(probe.log_start));
    return std::string(std::istreambuf_iterator<char>(file), {}).contains(probe.check.text);
}

bool is_ready(const Probe& probe) {
    switch (probe.check.kind) {
        case HealthCheck::Kind::kTcp:
            return connect_to(probe, SOCK_STREAM).number() >= 0;
        case HealthCheck::Kind::kHttp:
            return http_answers(probe);
        case HealthCheck::Kind::kDns:
            return dns_answers(probe);
        case HealthCheck::Kind::kLog:
            return log_says(probe);
        case HealthCheck::Kind::kAlive:
            std::this_thread::sleep_for(kAliveFor);  // its supervisor sees it when it ends before
            return true;
    }
    return false;
}

}  // namespace

bool wait_until_ready(const Probe& probe) {
    if (probe.network_namespace >= 0) enter_network_namespace(probe.network_namespace);
    const auto deadline = Clock::now() + probe.check.timeout;
    while (!is_ready(probe)) {
        if (Clock::now() >= deadline) return false;
        std::this_thread::sleep_for(kPause);
    }
    return true;
}

std::string missing_answer(const Probe& probe) {
    const std::uint16_t port = probe.check.port;
    switch (probe.check.kind) {
        case HealthCheck::Kind::kTcp:
            return formatted("{} takes no connection on TCP port {}", host_text(probe), port);
        case HealthCheck::Kind::kHttp:
            return formatted("http://{}:{}{} is not answered with 200 to 399", host_text(probe), port,
                             probe.check.text);
        case HealthCheck::Kind::kDns:
            return formatted("{} does not answer for {} on UDP port {}", host_text(probe),
                             quote(probe.check.text), port);
        case HealthCheck::Kind::kLog:
            return formatted("its log does not have {}", quote(probe.check.text));
        case HealthCheck::Kind::kAlive:
            return "it does not run";
    }
    return "";
}

}  // namespace holm::cli
