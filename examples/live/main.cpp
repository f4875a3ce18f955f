// What goes on after a request: server-sent events tell each second how the service is doing, and a WebSocket
// says what it hears.

#include <charconv>
#include <string>

#include <holm/event_stream.h>
#include <holm/http.h>
#include <holm/main.h>
#include <holm/task.h>
#include <holm/websocket.h>

namespace http = holm::http;

holm::Task<> holm::main(holm::Machine& machine) {
    http::Server server;
    server.embedded_files("/", "/", {.cache_control = "no-cache"});

    http::add_event_stream(server, "/events", [&](http::EventStream& events) -> Task<> {
        // A client that comes back says what it has seen last; what is no number of ours begins anew.
        const std::string_view last = events.last_event_id();
        std::uint32_t seen = 0;
        const auto [end, error] = std::from_chars(last.data(), last.data() + last.size(), seen);
        const bool comes_back = !last.empty() && error == std::errc() && end == last.data() + last.size();
        for (std::uint64_t seconds = comes_back ? seen + std::uint64_t{1} : 0;; ++seconds) {
            const std::string id = std::to_string(seconds);
            const std::string now =
                "{\"connections\": " + std::to_string(server.statistics().connections_open) +
                ", \"seconds\": " + id + "}";
            if (!co_await events.send({.data = now, .id = id})) co_return;
            co_await sleep(Duration::seconds(1));
        }
    });

    http::add_websocket(server, "/echo", [](http::WebSocket& socket) -> Task<> {
        while (const auto message = co_await socket.receive())
            if (!co_await socket.send(*message)) break;
    });

    machine.console().print("live: listening on port 80\n");
    const auto served = co_await server.serve(machine.net(), 80);
    machine.set_exit_status(served ? 0 : 1);
}
