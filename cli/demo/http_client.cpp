#include "cli/demo/http_client.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/failure.h"
#include "cli/text/format.h"

namespace holm::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kLargest = 4 << 20;  // bytes of an answer

int connect_to(const HttpPlace& place, std::chrono::milliseconds patience) {
    const int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval limit{patience.count() / 1000, patience.count() % 1000 * 1000};
    setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(made, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(place.port);
    std::memcpy(&address.sin_addr, place.address.bytes.data(), place.address.bytes.size());
    if (connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return made;
    const int error = errno;
    close(made);
    fail_with("nobody answers on port {} of {}: {}", place.port, place.address.text(), std::strerror(error));
}

void write_all(int socket, std::string_view text) {
    while (!text.empty()) {
        const ssize_t sent = send(socket, text.data(), text.size(), MSG_NOSIGNAL);
        if (sent < 0) fail_with("the request could not be sent: {}", std::strerror(errno));
        text.remove_prefix(static_cast<std::size_t>(sent));
    }
}

// Appends what comes next; false at the end.
bool read_some(int socket, std::string& text) {
    std::array<char, 65536> buffer;
    const ssize_t size = recv(socket, buffer.data(), buffer.size(), 0);
    if (size < 0) fail_with("no answer came: {}", std::strerror(errno));
    text.append(buffer.data(), static_cast<std::size_t>(size));
    return size > 0;
}

// The value of a header field in the head of an answer; names in any case.
std::string field_of(std::string_view head, std::string_view name) {
    while (!head.empty()) {
        const std::size_t end = head.find("\r\n");
        const std::string_view line = head.substr(0, end);
        head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
        const std::size_t colon = line.find(':');
        if (colon != name.size() || strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
        const std::size_t start = line.find_first_not_of(' ', colon + 1);
        return start == std::string_view::npos ? "" : std::string(line.substr(start));
    }
    return "";
}

}  // namespace

HttpConnection::HttpConnection(const HttpPlace& place, std::chrono::milliseconds patience)
    : place_(place), socket_(connect_to(place, patience)) {}

HttpConnection::~HttpConnection() {
    close(socket_);
}

HttpReply HttpConnection::ask(std::string_view method, std::string_view target, std::string_view body,
                              bool last) {
    const auto start = Clock::now();
    std::string request = formatted("{} {} HTTP/1.1\r\nHost: {}:{}\r\n", method, target,
                                    place_.host.empty() ? place_.address.text() : place_.host, place_.port);
    if (last) request += "Connection: close\r\n";
    if (!body.empty()) {
        request += formatted("Content-Type: application/json\r\nContent-Length: {}\r\n", body.size());
    }
    write_all(socket_, request + "\r\n" + std::string(body));

    HttpReply reply;
    std::string text;
    std::size_t head_end = std::string::npos;
    std::optional<std::size_t> total;  // head and body, once the head is there
    while ((!total || text.size() < *total) && text.size() < kLargest && read_some(socket_, text)) {
        if (reply.first_byte == Clock::time_point{}) reply.first_byte = Clock::now();
        if (head_end != std::string::npos || (head_end = text.find("\r\n\r\n")) == std::string::npos)
            continue;
        const std::string length = field_of(std::string_view(text).substr(0, head_end), "content-length");
        std::size_t size = 0;
        const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), size);
        if (error == std::errc{}) total = head_end + 4 + std::min(size, kLargest);
    }
    reply.time = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
    const auto [end, error] = std::from_chars(text.data() + std::min<std::size_t>(text.size(), 9),
                                              text.data() + text.size(), reply.status);
    if (head_end == std::string::npos || !text.starts_with("HTTP/1.1 ") || error != std::errc{}) {
        fail_with("{} {} got no proper HTTP answer", method, target);
    }
    reply.content_type = field_of(std::string_view(text).substr(0, head_end), "content-type");
    reply.body = text.substr(head_end + 4);
    return reply;
}

HttpReply fetch(const HttpPlace& place, std::string_view method, std::string_view target,
                std::string_view body, std::chrono::milliseconds patience) {
    const auto start = Clock::now();
    HttpReply reply = HttpConnection(place, patience).ask(method, target, body, true);
    reply.time = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
    return reply;
}

}  // namespace holm::cli
