#include "holm/websocket_client.h"

#include <algorithm>
#include <array>
#include <new>

#include "kernel/core.h"
#include "kernel/entropy/random_generator.h"
#include "kernel/task/deadline.h"
#include "kernel/task/executor.h"
#include "services/http/characters.h"
#include "services/websocket/client_handshake.h"

namespace holm::http {
namespace {

websocket::Mask random_mask() {
    websocket::Mask mask;
    this_core().random->fill(mask);
    return mask;
}

bool can_be_sent(const std::pair<std::string, std::string>& header) {
    return !header.first.empty() && all_are(header.first, kTokenCharacter) &&
           (header.second.empty() || all_are(header.second, kFieldCharacter));
}

}  // namespace

WebSocketClient::WebSocketClient(detail::WebSocketClientParts parts)
    : WebSocketClientParts(std::move(parts)), WebSocketConnection(stream, options, &random_mask, nullptr) {}

Task<Result<std::unique_ptr<WebSocketClient>>> WebSocketClient::connect(Network& network,
                                                                        std::string url_text,
                                                                        Options options) {
    const Url url = CO_TRY(websocket::parse_url(url_text));
    if (!std::ranges::all_of(options.headers, can_be_sent) ||
        !std::ranges::all_of(options.protocols, [](const std::string& protocol) {
            return !protocol.empty() && all_are(protocol, kTokenCharacter);
        }))
        co_return fail(ErrorCode::kInvalid, "a header or protocol has characters that cannot be sent");
    std::array<std::byte, 16> random;
    this_core().random->fill(random);
    const websocket::Key key = websocket::make_key(random);
    std::string question = websocket::ask_handshake(url, key, options.protocols);
    for (const auto& [name, value] : options.headers) question += name + ": " + value + "\r\n";
    question += "\r\n";

    const Instant deadline = executor().now() + options.connect;
    TcpStream stream = CO_TRY(co_await network.connect(url.host, url.port, deadline));
    stream.set_no_delay(true);
    CO_TRY(co_await stream.send(as_bytes(question), deadline));
    ResponseParser parser({}, false);
    parser.expect_upgrade();
    while (!parser.head_complete()) {
        const Bytes input = CO_TRY(co_await stream.receive(deadline));
        if (input.empty()) co_return std::unexpected(parser.end_of_input().error());
        const auto step = CO_TRY(parser.receive(as_text(input)));
        stream.consume(step.consumed);  // behind the head there may be frames already
    }
    CO_TRY(websocket::check_answer(parser.head(), key, options.protocols));
    std::unique_ptr<WebSocketClient> client(new (std::nothrow) WebSocketClient(
        {std::move(options), std::move(stream), std::move(parser.head())}));
    if (client == nullptr) co_return fail(ErrorCode::kOutOfMemory, "no memory for a WebSocket");
    co_return client;
}

// RFC 6455 §7.1.1: the server ends the connection. One that broke a rule is not waited for (§7.1.7).
Task<> WebSocketClient::say_goodbye(CloseCode code) {
    co_await finish(code);
    if (!failed()) co_await drain();
}

Task<> WebSocketClient::leave(CloseCode code) {
    if (!co_await with_timeout(options.patience, say_goodbye(code))) stream.abort();
}

}  // namespace holm::http
