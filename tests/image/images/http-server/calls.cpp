// The client's end of a WebSocket, told step by step.

#include <holm/http_client.h>
#include <holm/task.h>
#include <holm/websocket_client.h>

#include "documents.h"

namespace http = holm::http;
using http::Request;
using http::Response;

void add_calls(http::Server& server, holm::Network& network) {
    server.get("/twice", [&network](const Request& request) -> holm::Task<Response> {
        http::Client client(network);
        std::string told;
        for (int i = 0; i < 2; ++i) {
            http::ClientRequest asked{.url = request.query("url").value_or("")};
            if (request.query("post")) asked.method = http::Method::kPost;
            const auto response = co_await client.send(std::move(asked));
            told += response ? std::string(response->text()) : response.error().what + std::string("\n");
        }
        co_return Response::text(told + std::to_string(client.statistics().connections) + " connections\n");
    });
    server.get("/call", [&network](const Request& request) -> holm::Task<Response> {
        http::WebSocketClient::Options options;
        options.protocols = {"chat"};
        options.headers = {{"Origin", "http://island.test"}};
        options.message = 100'000;
        options.ping_interval = holm::Duration::seconds(1);
        options.patience = holm::Duration::seconds(5);
        auto connected =
            co_await http::WebSocketClient::connect(network, request.query("url").value_or(""), options);
        if (!connected) co_return Response::text(std::string("no: ") + connected.error().what + "\n");
        http::WebSocketClient& socket = **connected;
        std::string told = "open " + std::string(socket.protocol()) + "\n";
        // Of all sizes of frames' heads, and larger than what is masked in one piece.
        for (const std::size_t size : {0, 1, 125, 126, 4096, 65'535, 65'536, 99'999}) {
            std::string text(size, 'x');
            for (std::size_t i = 0; i < size; ++i) text[i] = char('a' + i % 26);
            (void)co_await socket.send_text(text);
            const auto echo = co_await socket.receive();
            if (!echo) break;
            told +=
                (echo->text() == text && echo->is_text ? "same " : "other ") + std::to_string(size) + "\n";
        }
        // Whatever the other end wants to say before it closes, or we do.
        if (const auto last = request.query("say")) (void)co_await socket.send_text(*last);
        if (request.query("listen"))
            while (const auto message = co_await socket.receive())
                told += std::string(message->text()) + "\n";
        co_await socket.leave();
        co_return Response::text(told + "closed " + std::to_string(int(socket.close_code())) + " " +
                                 std::string(socket.close_reason()) + "\n");
    });
}
