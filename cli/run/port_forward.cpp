#include "cli/run/port_forward.h"

#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/failure.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"

namespace holm::cli {
namespace {

using HostAddress = std::variant<Ipv4, Ipv6>;

// Fills in `storage` and returns its size.
socklen_t socket_address(const HostAddress& address, std::uint16_t port, sockaddr_storage& storage) {
    storage = {};
    if (const Ipv6* v6 = std::get_if<Ipv6>(&address)) {
        auto& result = reinterpret_cast<sockaddr_in6&>(storage);
        result.sin6_family = AF_INET6;
        result.sin6_port = htons(port);
        std::memcpy(&result.sin6_addr, v6->bytes.data(), v6->bytes.size());
        return sizeof result;
    }
    auto& result = reinterpret_cast<sockaddr_in&>(storage);
    result.sin_family = AF_INET;
    result.sin_port = htons(port);
    std::memcpy(&result.sin_addr, std::get<Ipv4>(address).bytes.data(), sizeof result.sin_addr);
    return sizeof result;
}

// Binds a socket the way passt will; the error, or 0. `port` becomes the port that was bound.
int try_bind(const HostAddress& address, std::uint16_t& port, bool udp) {
    sockaddr_storage local;
    socklen_t size = socket_address(address, port, local);
    const int socket_fd = socket(local.ss_family, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
    if (socket_fd < 0) return errno;
    const int yes = 1;
    setsockopt(socket_fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (local.ss_family == AF_INET6) setsockopt(socket_fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
    int error = bind(socket_fd, reinterpret_cast<const sockaddr*>(&local), size) == 0 ? 0 : errno;
    if (error == 0 && !udp && listen(socket_fd, 1) != 0) error = errno;
    if (error == 0 && getsockname(socket_fd, reinterpret_cast<sockaddr*>(&local), &size) == 0)
        port = ntohs(local.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(local).sin6_port
                                                 : reinterpret_cast<const sockaddr_in&>(local).sin_port);
    close(socket_fd);
    return error;
}

}  // namespace

bool PortForward::is_loopback() const {
    if (const Ipv4* v4 = std::get_if<Ipv4>(&address)) return v4->bytes[0] == 127;
    return address_text() == "::1";
}

std::string PortForward::address_text() const {
    return std::visit([](const auto& each) { return each.text(); }, address);
}

std::string PortForward::text() const {
    const std::string host = is_v6() ? "[" + address_text() + "]" : address_text();
    return formatted("{}:{} -> {}/{}", host, host_port, guest_port, udp ? "udp" : "tcp");
}

Parsed<PortForward> parse_port_forward(std::string_view text) {
    const auto bad = [&](std::string_view why) {
        return std::unexpected(
            formatted("{}: {}; allowed: [ADDRESS:]HOSTPORT:GUESTPORT[/tcp|/udp], such as 8080:80 or "
                      "[::1]:8080:80",
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
        const std::string_view host = rest.substr(0, colon);
        if (host.starts_with('[') && host.ends_with(']')) {
            const auto address = parse_ipv6(host.substr(1, host.size() - 2));
            if (!address) return bad("what stands in brackets is not an IPv6 address");
            forward.address = *address;
        } else {
            const auto address = parse_ipv4(host);
            if (!address) return bad("the address is neither an IPv4 address nor an IPv6 one in brackets");
            forward.address = *address;
        }
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
            return formatted("{} port {} of {} is in use by another program", protocol, port,
                             forward.address_text());
        case EACCES:
            return formatted("{} port {} is for the administrator; use one above 1023", protocol, port);
        case EADDRNOTAVAIL:
            return formatted("{} is not an address of this machine", forward.address_text());
        default:
            return formatted("{} port {} of {} cannot be had: {}", protocol, port, forward.address_text(),
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
