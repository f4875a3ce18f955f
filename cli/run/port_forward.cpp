#include "cli/run/port_forward.h"

#include <cerrno>
#include <cstring>
#include <format>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/failure.h"
#include "cli/text/quote.h"

namespace holm::cli {
namespace {

sockaddr_in socket_address(Ipv4 address, std::uint16_t port) {
    sockaddr_in result{};
    result.sin_family = AF_INET;
    result.sin_port = htons(port);
    std::memcpy(&result.sin_addr, address.bytes.data(), address.bytes.size());
    return result;
}

// Binds a socket the way passt will; the error, or 0. `port` becomes the port that was bound.
int try_bind(Ipv4 address, std::uint16_t& port, bool udp) {
    const int socket_fd = socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
    if (socket_fd < 0) return errno;
    const int yes = 1;
    setsockopt(socket_fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in local = socket_address(address, port);
    socklen_t size = sizeof local;
    int error = bind(socket_fd, reinterpret_cast<const sockaddr*>(&local), size) == 0 ? 0 : errno;
    if (error == 0 && !udp && listen(socket_fd, 1) != 0) error = errno;
    if (error == 0 && getsockname(socket_fd, reinterpret_cast<sockaddr*>(&local), &size) == 0)
        port = ntohs(local.sin_port);
    close(socket_fd);
    return error;
}

}  // namespace

std::string PortForward::text() const {
    return std::format("{}:{} -> {}/{}", address.text(), host_port, guest_port, udp ? "udp" : "tcp");
}

Parsed<PortForward> parse_port_forward(std::string_view text) {
    const auto bad = [&](std::string_view why) {
        return std::unexpected(
            std::format("-p {}: {}; allowed: [ADDRESS:]HOSTPORT:GUESTPORT[/tcp|/udp], such as 8080:80",
                        quote(text), why));
    };
    PortForward forward;
    std::string_view rest = text;
    if (const std::size_t slash = rest.find('/'); slash != std::string_view::npos) {
        const std::string_view protocol = rest.substr(slash + 1);
        if (protocol != "tcp" && protocol != "udp") return bad("the protocol is neither tcp nor udp");
        forward.udp = protocol == "udp";
        rest = rest.substr(0, slash);
    }
    const std::size_t last = rest.rfind(':');
    if (last == std::string_view::npos) return bad("there is one port only");
    const auto guest = parse_number(rest.substr(last + 1), 1, 65535);
    if (!guest) return bad("the image's port is not a number from 1 to 65535");
    rest = rest.substr(0, last);
    if (const std::size_t colon = rest.rfind(':'); colon != std::string_view::npos) {
        const auto address = parse_ipv4(rest.substr(0, colon));
        if (!address) return bad("the address is not an IPv4 address");
        forward.address = *address;
        rest = rest.substr(colon + 1);
    }
    const auto host = parse_number(rest, 1, 65535);
    if (!host) return bad("the host's port is not a number from 1 to 65535");
    forward.host_port = static_cast<std::uint16_t>(*host);
    forward.guest_port = static_cast<std::uint16_t>(*guest);
    return forward;
}

std::string why_taken(const PortForward& forward) {
    std::uint16_t port = forward.host_port;
    const char* protocol = forward.udp ? "UDP" : "TCP";
    switch (const int error = try_bind(forward.address, port, forward.udp)) {
        case 0:
            return "";
        case EADDRINUSE:
            return std::format("{} port {} of {} is in use by another program", protocol, port,
                               forward.address.text());
        case EACCES:
            return std::format("{} port {} is for the administrator; use one above 1023", protocol, port);
        case EADDRNOTAVAIL:
            return std::format("{} is not an address of this machine", forward.address.text());
        default:
            return std::format("{} port {} of {} cannot be had: {}", protocol, port, forward.address.text(),
                               std::strerror(error));
    }
}

std::uint16_t free_port() {
    std::uint16_t port = 0;
    if (const int error = try_bind(Ipv4{{127, 0, 0, 1}}, port, false); error != 0) {
        fail_with("no TCP port of 127.0.0.1 can be had: {}", std::strerror(error));
    }
    return port;
}

}  // namespace holm::cli
