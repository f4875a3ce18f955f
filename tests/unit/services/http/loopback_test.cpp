// Sessions behind real sockets on the loopback: clients that are quick, slow, numerous, silent or rude.

#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/http/epoll_server.h"

using namespace holm;
using namespace holm::http;

namespace {

const std::string kLarge(3'000'000, 'L');

class Loopback {
  public:
    explicit Loopback(Timeouts timeouts = {}) : server(make(service), 0, {}, timeouts) {}
    ~Loopback() {
        stop = true;
        thread.join();
    }

    // A connected socket. Reading ends when the server closes.
    int connect() const {
        const int fd = socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(server.port());
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        return fd;
    }
    static void write(int fd, std::string_view text) {
        while (!text.empty()) {
            const ssize_t sent = send(fd, text.data(), text.size(), MSG_NOSIGNAL);
            if (sent <= 0) return;
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
    }
    static std::string read_to_end(int fd) {
        std::string all;
        std::vector<char> buffer(1 << 16);
        for (ssize_t got = 0; (got = recv(fd, buffer.data(), buffer.size(), 0)) > 0;) {
            all.append(buffer.data(), static_cast<std::size_t>(got));
        }
        close(fd);
        return all;
    }
    std::string ask(std::string_view text) const {
        const int fd = connect();
        write(fd, text);
        return read_to_end(fd);
    }

  private:
    static Service& make(Service& service) {
        service.get("/", [](const Request&) { return Response::text("hello"); });
        service.get("/large", [](const Request&) {
            return Response::reference(as_bytes(kLarge), "text/plain").etag("L");
        });
        service.post("/size",
                     [](const Request& r) { return Response::text(std::to_string(r.body().size())); });
        return service;
    }

    Service service;
    EpollServer server;
    std::atomic<bool> stop = false;
    std::thread thread{[this] { server.run(stop); }};
};

constexpr std::string_view kLast = " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

}  // namespace

TEST_CASE("large content arrives whole, in both directions") {
    Loopback loopback;
    const std::string answer = loopback.ask("GET /large" + std::string(kLast));
    CHECK(answer.size() > kLarge.size());
    CHECK(answer.ends_with("\r\n\r\n" + kLarge));
    const std::string body(1 << 20, 'b');
    CHECK(loopback
              .ask("POST /size HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1048576\r\n\r\n" +
                   body)
              .ends_with("\r\n\r\n1048576"));
    std::string chunked =
        "POST /size HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (int i = 0; i < 100; ++i) chunked += "3e8\r\n" + std::string(1000, 'c') + "\r\n";
    CHECK(loopback.ask(chunked + "0\r\n\r\n").ends_with("\r\n\r\n100000"));
}

TEST_CASE("a refusal arrives although the client goes on sending") {
    Loopback loopback;
    const std::string answer = loopback.ask(
        "POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n" + std::string(100'000, 'x'));
    CHECK(answer.starts_with("HTTP/1.1 413 Content Too Large\r\n"));
}

TEST_CASE("three hundred connections, each pipelining") {
    Loopback loopback;
    std::vector<int> sockets;
    for (int i = 0; i < 300; ++i) sockets.push_back(loopback.connect());
    std::string requests;
    for (int i = 0; i < 50; ++i) requests += "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    for (const int fd : sockets) Loopback::write(fd, requests + "GET /" + std::string(kLast));
    for (const int fd : sockets) {
        const std::string answers = Loopback::read_to_end(fd);
        std::size_t count = 0;
        for (std::size_t at = answers.find("\r\n\r\nhello"); at != answers.npos;
             at = answers.find("\r\n\r\nhello", at + 1))
            ++count;
        REQUIRE(count == 51);
    }
}

TEST_CASE("slow and silent clients are cut off and disturb nobody") {
    Timeouts timeouts;
    timeouts.first_byte = Duration::milliseconds(200);
    timeouts.head = Duration::milliseconds(200);
    timeouts.transfer_grace = Duration::milliseconds(200);
    timeouts.linger = Duration::milliseconds(100);
    Loopback loopback(timeouts);
    const int silent = loopback.connect();
    const int slow_head = loopback.connect();
    const int slow_content = loopback.connect();
    Loopback::write(slow_head, "GET / HT");
    Loopback::write(slow_content, "POST /size HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc");
    CHECK(loopback.ask("GET /" + std::string(kLast)).ends_with("hello"));
    CHECK(Loopback::read_to_end(silent).empty());
    CHECK(Loopback::read_to_end(slow_head).starts_with("HTTP/1.1 408 "));
    CHECK(Loopback::read_to_end(slow_content).starts_with("HTTP/1.1 408 "));
}
