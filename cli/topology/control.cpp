#include "cli/topology/control.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/failure.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"

namespace holm::cli {
namespace {

constexpr int kPatienceMs = 1000;
constexpr std::size_t kLongestRequest = 256;

// Whoever asked may have gone; then nobody waits for it.
void write_all(const Descriptor& connection, const std::string& text) {
    send(connection.number(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    // A service that was started meanwhile has a copy of the descriptor: closing ours would not be the end.
    shutdown(connection.number(), SHUT_RDWR);
}

}  // namespace

std::optional<sockaddr_un> control_address(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.native().size() >= sizeof address.sun_path) return std::nullopt;
    path.native().copy(address.sun_path, sizeof address.sun_path - 1);
    return address;
}

ControlSocket::ControlSocket(const std::filesystem::path& path)
    : listener_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    const std::optional<sockaddr_un> address = control_address(path);
    if (!address) fail_with("the path {} is too long for a socket", quote(path.string()));
    std::error_code error;
    std::filesystem::remove(path, error);
    if (listener_.number() < 0 ||
        bind(listener_.number(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0 ||
        listen(listener_.number(), 8) != 0)
        fail_with("the socket {} cannot be made: {}", quote(path.string()), std::strerror(errno));
}

std::optional<ControlSocket::Request> ControlSocket::receive() const {
    Request request{Descriptor(accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC)), ""};
    if (request.connection.number() < 0) return std::nullopt;
    std::array<char, kLongestRequest> buffer;
    while (!request.text.ends_with('\n')) {
        pollfd wait{request.connection.number(), POLLIN, 0};
        if (request.text.size() >= kLongestRequest || poll(&wait, 1, kPatienceMs) != 1) return std::nullopt;
        const ssize_t size = read(request.connection.number(), buffer.data(), buffer.size());
        if (size <= 0) return std::nullopt;
        request.text.append(buffer.data(), static_cast<std::size_t>(size));
    }
    request.text.pop_back();
    return request;
}

void ControlSocket::answer(const Descriptor& connection, std::string_view text) {
    write_all(connection, formatted("ok\n{}", text));
}

void ControlSocket::complain(const Descriptor& connection, std::string_view why) {
    write_all(connection, formatted("error {}", why));
}

}  // namespace holm::cli
