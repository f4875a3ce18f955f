// An HTTP server with impatient deadlines and awkward handlers: ones that wait, throw, stream and send much.

#include <cstring>
#include <stdexcept>
#include <string>

#include <holm/http.h>
#include <holm/main.h>
#include <holm/net.h>
#include <holm/task.h>

namespace http = holm::http;
using holm::Duration;
using holm::Task;
using http::Request;
using http::Response;

Task<> holm::main(Machine& machine) {
    http::Server::Options options;
    options.timeouts.first_byte = Duration::seconds(2);
    options.timeouts.idle = Duration::seconds(3);
    options.timeouts.head = Duration::seconds(2);
    options.timeouts.transfer_grace = Duration::seconds(2);
    options.timeouts.linger = Duration::seconds(1);
    options.connections = 20;
    http::Server server(options);

    server.get("/", [](const Request&) { return Response::text("quick\n"); });
    server.get("/wait/{milliseconds}", [](const Request& request) -> Task<Response> {
        // What the request says is still there after others were served.
        const std::string before(request.path("milliseconds"));
        co_await sleep(Duration::milliseconds(std::stoi(before)));
        co_return Response::text(before + "=" + std::string(request.path("milliseconds")) +
                                 request.query("q").value_or("") + "\n");
    });
    server.post("/wait", [](const Request& request) -> Task<Response> {
        co_await yield();
        co_return Response::text(std::string(request.text()));
    });
    server.get("/throw", [](const Request&) -> Response { throw std::runtime_error("on purpose"); });
    server.get("/throw-later", [](const Request&) -> Task<Response> {
        co_await yield();
        throw std::runtime_error("later");
    });
    server.get("/stream", [](const Request&) {
        return Response::stream("text/plain", [left = 100](MutableBytes buffer) mutable {
            if (left-- == 0) return std::size_t{0};
            std::memset(buffer.data(), 's', 1000);
            return std::size_t{1000};
        });
    });
    server.get("/broken-stream", [](const Request&) {
        return Response::stream("text/plain", [left = 3](MutableBytes buffer) mutable {
            if (left-- == 0) throw std::runtime_error("the source has dried up");
            std::memset(buffer.data(), 's', 1000);
            return std::size_t{1000};
        });
    });
    server.get("/own", [](const Request&) { return Response::text(std::string(2'000'000, 'o')); });
    static const std::string kept(3'000'000, 'k');
    server.get("/kept", [](const Request&) { return Response::reference(as_bytes(kept), "text/plain"); });
    server.get("/bad-header", [](const Request& request) {
        return Response::text("x")
            .header("X-Echo", request.query("v").value_or(""))
            .header("X-Large", std::string(20'000, 'h'));
    });
    machine.console().print("http: ready\n");
    const auto served = co_await server.serve(machine.net(), 80);
    machine.console().print("http: served ", server.statistics().requests, " requests, ",
                            server.statistics().failures, " failed, ", server.statistics().connections_open,
                            " connections left\n");
    machine.set_exit_status(served ? 0 : 1);
}
