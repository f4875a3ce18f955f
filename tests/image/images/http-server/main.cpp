// An HTTP server with impatient deadlines and awkward handlers: ones that wait, throw, stream and send much.

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>

#include <holm/event_stream.h>
#include <holm/http.h>
#include <holm/http_client.h>
#include <holm/main.h>
#include <holm/net.h>
#include <holm/task.h>
#include <holm/websocket.h>

#include "documents.h"

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
    const auto asked_for = [&](std::string_view option) {
        return std::ranges::contains(machine.arguments(), option);
    };
    options.connections = asked_for("--crowd") ? 2000 : 20;
    http::Server server(options);
    if (asked_for("--access-log")) server.access_log(http::AccessLog::Format::kCommon);
    if (asked_for("--combined-log")) server.access_log();
    add_documents(server);
    add_calls(server, machine.net());

    server.get("/", [](const Request&) { return Response::text("quick\n"); });
    server.get("/wait/{milliseconds}", [](const Request& request) -> Task<Response> {
        // What the request says is still there after others were served.
        const std::string before(request.path("milliseconds"));
        if (request.query("tell")) this_core().console->print("http: waits for ", before, " ms\n");
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
    http::WebSocket::Options sockets;
    sockets.message = 100'000;
    sockets.ping_interval = Duration::seconds(1);
    sockets.patience = Duration::seconds(2);
    sockets.protocols = {"superchat", "chat"};
    http::add_websocket(
        server, "/echo/{name}",
        [](http::WebSocket& socket) -> Task<> {
            while (const auto message = co_await socket.receive()) {
                if (message->text() == "who") {
                    (void)co_await socket.send_text(socket.request().path("name"));
                } else if (message->text() == "bye") {
                    co_return;
                } else if (message->text() == "impatient") {
                    (void)co_await with_timeout(Duration::milliseconds(300),
                                                socket.send_binary(as_bytes(kept)));
                    (void)co_await socket.send_text("as if nothing had happened");
                } else if (message->text() == "throw") {
                    throw std::runtime_error("thrown over a socket");
                } else if (!co_await socket.send(*message)) {
                    break;
                }
            }
            this_core().console->print("http: socket closed with ", int(socket.close_code()), "\n");
        },
        sockets);
    http::add_event_stream(server, "/events", [](http::EventStream& events) -> Task<> {
        struct Said {
            ~Said() { this_core().console->print("http: the events have ended\n"); }
        } const said;
        int at = 0;
        if (!events.last_event_id().empty()) at = std::stoi(std::string(events.last_event_id())) + 1;
        for (; at < 5 || events.request().query("ever"); ++at) {
            const std::string id = std::to_string(at), data = "line " + id + "\nand more";
            if (!co_await events.send({.data = data, .event = "count", .id = id})) co_return;
            co_await sleep(Duration::milliseconds(20));
        }
    });
    http::add_event_stream(server, "/flood",
                           [](http::EventStream& events) -> Task<> {
                               while (co_await events.send({.data = std::string(10'000, 'f')})) {
                               }
                           },
                           {.patience = Duration::seconds(2)});
    http::add_event_stream(server, "/quiet",
                           [](http::EventStream&) -> Task<> { co_await sleep(Duration::seconds(600)); },
                           {.keep_alive = Duration::milliseconds(200)});
    // A client whose request is refused before it has been sent whole.
    server.get("/refused-early", [&machine](const Request&) -> Task<Response> {
        // Whoever does not listen while it sends has to wait for the exchange's deadline.
        http::Client::Options patient;
        patient.exchange = Duration::seconds(600);
        http::Client client(machine.net(), patient);
        const std::string url = "http://10.77.0.1:8001/";
        const auto refused = co_await client.post(url, "text/plain", kept);
        const auto next = co_await client.get(url + "next");
        co_return Response::text(std::to_string(refused ? refused->head().status_code() : 0) + " " +
                                 std::to_string(next ? next->head().status_code() : 0) + "\n");
    });
    server.get("/answered-early", [&machine](const Request&) -> Task<Response> {
        http::Client client(machine.net());
        const auto echoed = co_await client.post("http://10.77.0.1:8001/echo", "text/plain", kept);
        co_return Response::text(echoed && echoed->text() == kept ? "whole\n" : "not whole\n");
    });
    server.get("/drops", [&server](const Request&) {
        std::string text;
        for (std::size_t i = 0; i < http::kDrops; ++i)
            text += std::string(to_string(http::Drop(i))) + " " + std::to_string(server.drops()[i]) + "\n";
        return Response::text(text);
    });
    server.get("/page", [](const Request&) {
        return Response::html(R"(<!doctype html><script>
            const heard = {};
            const tell = (what, text) => {
                heard[what] = text;
                if (heard.event && heard.echo) fetch("/done?event=" + heard.event + "&echo=" + encodeURIComponent(heard.echo));
            };
            new EventSource("/events").addEventListener("count", (event) => tell("event", event.lastEventId));
            const socket = new WebSocket("ws://" + location.host + "/echo/x");
            socket.onopen = () => socket.send("ahoy, \u2713");
            socket.onmessage = (event) => tell("echo", event.data);
        </script>)");
    });
    server.get("/done", [](const Request& request) {
        this_core().console->print("http: a browser heard ", request.query("event").value_or(""), " and ",
                                   request.query("echo").value_or(""), "\n");
        return Response(http::Status::kNoContent);
    });
    machine.console().print("http: ready\n");
    const auto served = co_await server.serve(machine.net(), 80);
    machine.console().print("http: served ", server.statistics().requests, " requests, ",
                            server.statistics().failures, " failed, ", server.statistics().connections_open,
                            " connections left\n");
    machine.set_exit_status(served ? 0 : 1);
}
