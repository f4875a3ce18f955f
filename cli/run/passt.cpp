#include "cli/run/passt.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/failure.h"
#include "cli/places.h"
#include "cli/process/child.h"
#include "cli/text/format.h"

namespace holm::cli {
namespace {

// A network that exists between the image and passt only. Fixed, so that the image needs no DHCP exchange at
// start.
constexpr const char* kGuestAddress = "10.0.2.15";
constexpr const char* kGateway = "10.0.2.2";
constexpr const char* kDns = "10.0.2.3";  // passt hands queries to the host's resolver
constexpr int kPrefixLength = 24;
// The same for IPv6, where a port of an IPv6 address is wanted.
constexpr const char* kGuestAddressV6 = "fd68:6f6c:6d::2";
constexpr const char* kGatewayV6 = "fe80::1";
// The image's. passt sends to whoever it heard last: wait_until_ready() speaks with the image's voice, so
// that a connection that comes before the image's first frame finds it. The link has two ends; the address
// need not be unique.
constexpr const char* kGuestMac = "02:00:00:00:00:01";

// passt takes its addresses from the interface of the default route and ends when there is none.
bool has_default_route() {
    std::ifstream routes("/proc/net/route");
    std::string line;
    std::getline(routes, line);  // the heading
    while (std::getline(routes, line)) {
        std::istringstream fields(line);
        std::string interface, destination;
        fields >> interface >> destination;
        if (destination == "00000000") return true;
    }
    return false;
}

bool has_default_route_v6() {
    std::ifstream routes("/proc/net/ipv6_route");
    std::string line;
    while (std::getline(routes, line)) {
        std::istringstream fields(line);
        std::string destination, length, source, source_length, gateway, metric, references, uses, flags,
            interface;
        fields >> destination >> length >> source >> source_length >> gateway >> metric >> references >>
            uses >> flags >> interface;
        if (length == "00" && destination == std::string(32, '0') && interface != "lo") return true;
    }
    return false;
}

}  // namespace

std::string why_not_led(const std::vector<PortForward>& forwards) {
    if (!find_on_path("passt"))
        return "a port needs the program passt, which is not installed; on Debian: apt install passt";
    for (const PortForward& forward : forwards) {
        if (std::string why = why_taken(forward); !why.empty()) return why;
        // passt answers UDP clients on the loopback only with map-gw, see below.
        if (forward.udp && forward.is_loopback()) {
            return formatted(
                "port {}: passt cannot lead UDP from the loopback address to an image that may not reach "
                "this "
                "machine's own loopback services; name an address others use (ADDRESS:HOST:GUEST/udp), or "
                "grant "
                "a tap",
                forward.text());
        }
    }
    if (!has_default_route())
        return "a port needs a machine with a default route, and this one has none; grant a tap instead";
    if (std::ranges::any_of(forwards, &PortForward::is_v6) && !has_default_route_v6()) {
        return "a port of an IPv6 address needs a machine with a default route of IPv6, and this one has "
               "none; "
               "grant a tap instead";
    }
    return "";
}

Passt::Passt(const std::vector<PortForward>& forwards) {
    if (const std::string why = why_not_led(forwards); !why.empty()) throw Failure(why);
    const auto program = find_on_path("passt");
    v6_ = std::ranges::any_of(forwards, &PortForward::is_v6);

    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        fail_with("no socket can be had: {}", std::strerror(errno));
    }
    guest_end_ = ends[0];
    fcntl(ends[1], F_SETFD, 0);  // passt's; the other becomes the tender's below
    const Pipe errors = Pipe::create();
    errors_ = errors.read_end;

    // No map-gw: the image shall not reach what listens on this machine's loopback.
    std::vector<std::string> words = {
        program->string(), "--foreground", "--quiet",       "--fd",      std::to_string(ends[1]),
        "--no-map-gw",     "--address",    kGuestAddress,   "--netmask", std::to_string(kPrefixLength),
        "--gateway",       kGateway,       "--dns-forward", kDns};
    if (v6_) {
        words.insert(words.end(),
                     {"--address", kGuestAddressV6, "--gateway", kGatewayV6, "--no-ra", "--no-dhcpv6"});
    } else {
        words.push_back("--ipv4-only");
    }
    bool udp = false;
    for (const PortForward& forward : forwards) {
        words.push_back(forward.udp ? "--udp-ports" : "--tcp-ports");
        words.push_back(formatted("{}/{}:{}", forward.address_text(), forward.host_port, forward.guest_port));
        udp = udp || forward.udp;
    }
    if (!udp) words.insert(words.end(), {"--udp-ports", "none"});  // by default it forwards what TCP has
    pid_ = spawn(words, {.error = errors.write_end, .ignore_interrupt = true});
    fcntl(guest_end_, F_SETFD, 0);
    close(errors.write_end);
    close(ends[1]);
}

Passt::~Passt() {
    stop();
    close_guest_end();
    if (errors_ >= 0) close(errors_);
}

std::string Passt::net_setting() const {
    const std::string v6 = v6_ ? formatted("{}/64,gw6={}", kGuestAddressV6, kGatewayV6) : "off";
    return formatted("stream:{},ip={}/{},gw={},dns={},ip6={},mac={}", guest_end_, kGuestAddress,
                     kPrefixLength, kGateway, kDns, v6, kGuestMac);
}

void Passt::close_guest_end() {
    if (guest_end_ >= 0) close(guest_end_);
    guest_end_ = -1;
}

void Passt::outlive_this_program() {
    fcntl(errors_, F_SETFD, 0);  // closed, it would end passt with the first thing it complains about
}

void Passt::wait_until_ready() {
    // "Who has kGateway?" from kGuestMac and kGuestAddress (RFC 826), behind the length that passt's socket
    // wants.
    constexpr std::array<std::uint8_t, 46> kQuestion = {
        0,    0,    0,    42,                                         // length
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0,  1, 8, 6,  // Ethernet
        0,    1,    8,    0,    6,    4,    0, 1, 2, 0, 0,  0, 0, 1,
        10,   0,    2,    15,   0,    0,    0, 0, 0, 0, 10, 0, 2, 2};  // ARP
    const timeval limit{5, 0};
    const timeval no_limit{};
    setsockopt(guest_end_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    // Twice: it answers the first time in the middle of its start, which goes on for some milliseconds.
    for (int i = 0; i < 2; ++i) {
        send(guest_end_, kQuestion.data(), kQuestion.size(), MSG_NOSIGNAL);
        std::array<std::uint8_t, kQuestion.size()> answer;  // as long as the question
        const ssize_t size = recv(guest_end_, answer.data(), answer.size(), MSG_WAITALL);
        if (size < 0 && errno == EAGAIN) fail_with("passt does not answer");
        if (size != static_cast<ssize_t>(answer.size())) fail_with("passt ended: {}", complaint());
    }
    setsockopt(guest_end_, SOL_SOCKET, SO_RCVTIMEO, &no_limit, sizeof no_limit);
}

std::string Passt::complaint() {
    std::array<char, 4096> buffer;
    const ssize_t size = read(errors_, buffer.data(), buffer.size());
    std::istringstream lines(std::string(buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0));
    std::string complaint;
    for (std::string line; std::getline(lines, line);) {
        // What it says at every start, and where no syslog runs.
        if (line.empty() || line.starts_with("Failed to send ") || line.starts_with("Don't run as root"))
            continue;
        if (!complaint.empty()) complaint += "; ";
        complaint += line;
    }
    return complaint.empty() ? "it did not say why" : complaint;
}

void Passt::stop() {
    if (pid_ < 0) return;
    kill(pid_, SIGTERM);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
}

}  // namespace holm::cli
