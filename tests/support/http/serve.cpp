// http-loopback [PORT]: a small service on the loopback, to meet curl, wrk and other clients by hand:
//     build/check/bin/http-loopback 8080 & curl -v localhost:8080/

#include <charconv>
#include <cstring>
#include <print>

#include "tests/support/http/epoll_server.h"

using namespace holm;
using namespace holm::http;

int main(int argc, char** argv) {
    std::uint16_t port = 8080;
    if (argc > 1) std::from_chars(argv[1], argv[1] + std::strlen(argv[1]), port);
    static const std::string large(2'000'000, 'x');
    Service service;
    service.get("/",
                [](const Request&) { return Response::text("hello, world: forty bytes of small page\n"); });
    service.get("/large", [](const Request&) {
        return Response::reference(as_bytes(large), "text/plain").etag("large");
    });
    service.post("/echo", [](const Request& request) { return Response::text(std::string(request.text())); });
    service.get("/stream", [](const Request&) {
        return Response::stream("text/plain", [left = 1000](MutableBytes buffer) mutable {
            if (left-- == 0) return std::size_t{0};
            std::memset(buffer.data(), 's', 1000);
            return std::size_t{1000};
        });
    });
    EpollServer server(service, port);
    std::println("http://127.0.0.1:{}/  /large  /echo  /stream", server.port());
    server.run(false);
}
