#include "cli/demo/network_probes.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>

#include "cli/failure.h"
#include "cli/topology/dns_message.h"
#include "cli/topology/namespaces.h"

namespace holm::cli {
namespace {

using Clock = std::chrono::steady_clock;

std::chrono::microseconds since(Clock::time_point start) {
    return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
}

// A datagram there and one back; empty when none comes in time.
std::string exchange(int protocol, const Ipv4& target, std::uint16_t port, std::string_view question,
                     std::chrono::milliseconds patience) {
    const Descriptor socket_fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, protocol));
    if (socket_fd.number() < 0)
        fail_with("no socket can be had to ask {}: {}", target.text(), std::strerror(errno));
    const timeval limit{patience.count() / 1000, patience.count() % 1000 * 1000};
    setsockopt(socket_fd.number(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    std::memcpy(&address.sin_addr, target.bytes.data(), target.bytes.size());
    if (connect(socket_fd.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        send(socket_fd.number(), question.data(), question.size(), 0) < 0)
        fail_with("{} cannot be reached: {}", target.text(), std::strerror(errno));
    std::array<char, 2048> answer;
    const ssize_t size = recv(socket_fd.number(), answer.data(), answer.size(), 0);
    return {answer.data(), size < 0 ? 0 : static_cast<std::size_t>(size)};
}

}  // namespace

Resolved resolve(const Ipv4& server, std::string_view name) {
    const auto start = Clock::now();
    const std::string answer = exchange(0, server, 53, dns_query(name, DnsType::kA), std::chrono::seconds(5));
    const auto address = first_dns_address(answer);
    if (!address) fail_with("{} does not say where {} is", server.text(), name);
    return {*address, since(start)};
}

std::optional<std::chrono::microseconds> ping(const Ipv4& target, std::chrono::milliseconds patience) {
    const auto start = Clock::now();
    icmphdr request{};
    request.type = ICMP_ECHO;
    const std::string answer = exchange(IPPROTO_ICMP, target, 0,
                                        {reinterpret_cast<const char*>(&request), sizeof request}, patience);
    if (answer.size() < sizeof request || answer[0] != ICMP_ECHOREPLY) return std::nullopt;
    return since(start);
}

}  // namespace holm::cli
