#include "services/websocket/handshake.h"

#include <string>

#include <doctest/doctest.h>

#include "services/http/event_stream.h"
#include "services/websocket/key.h"
#include "tests/unit/services/http/client.h"

using namespace holm;
using namespace holm::websocket;

namespace {

const std::string kGood =
    "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Version: 13\r\n";

std::string ask(const std::string& headers, const HandshakeOptions& options = {},
                const std::string& line = "GET /socket HTTP/1.1") {
    http::Client client([&](const http::Request& request) { return answer_handshake(request, options); });
    return client.send(line + "\r\nHost: x\r\n" + headers + "\r\n");
}

std::string without(const std::string& header) {
    const std::size_t at = kGood.find(header);
    std::string rest = kGood;
    return rest.erase(at, kGood.find("\r\n", at) + 2 - at);
}

std::string status(const std::string& answer) {
    return answer.substr(9, 3);
}

}  // namespace

TEST_CASE("the key of the RFC's example is answered as there") {
    const auto accept = accept_key("dGhlIHNhbXBsZSBub25jZQ==");
    CHECK(std::string_view(accept.data(), accept.size()) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    const std::string answer = ask(kGood);
    CHECK(answer.starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
    CHECK(answer.contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    CHECK(answer.contains("\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"));
    CHECK_FALSE(answer.contains("Content-"));
    CHECK_FALSE(answer.contains("close"));
    CHECK_FALSE(answer.contains("Protocol:"));
}

TEST_CASE("what is no handshake is refused with what would help") {
    CHECK(status(ask(without("Upgrade:"))) == "426");
    CHECK(status(ask(without("Connection:"))) == "426");
    CHECK(status(ask(without("Sec-WebSocket-Key"))) == "400");
    CHECK(ask(without("Sec-WebSocket-Version") + "Sec-WebSocket-Version: 8\r\n")
              .contains("\r\nSec-WebSocket-Version: 13\r\n"));
    CHECK(status(ask(without("Sec-WebSocket-Key") + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\r\n")) ==
          "400");
    CHECK(status(ask(without("Sec-WebSocket-Key") + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ !==\r\n")) ==
          "400");
    CHECK(status(ask(kGood, {}, "POST /socket HTTP/1.1")) == "426");
    CHECK(status(ask(kGood, {}, "GET /socket HTTP/1.0")) == "426");
    CHECK(status(ask(without("Upgrade:") + "Upgrade: h2c, WebSocket\r\n")) == "101");
}

TEST_CASE("protocols are chosen in the server's order, origins are checked where they are named") {
    const HandshakeOptions options{.protocols = {"superchat", "chat"}, .origins = {"https://holm.test"}};
    CHECK(ask(kGood + "Sec-WebSocket-Protocol: chat, superchat\r\n", options)
              .contains("Protocol: superchat\r\n"));
    CHECK(ask(kGood + "Sec-WebSocket-Protocol: mail\r\nSec-WebSocket-Protocol: chat\r\n", options)
              .contains("Protocol: chat\r\n"));
    CHECK_FALSE(ask(kGood + "Sec-WebSocket-Protocol: mail\r\n", options).contains("Sec-WebSocket-Protocol"));
    CHECK(status(ask(kGood + "Origin: https://holm.test\r\n", options)) == "101");
    CHECK(status(ask(kGood + "Origin: https://evil.test\r\n", options)) == "403");
    CHECK(status(ask(kGood + "Origin: https://evil.test\r\n")) == "101");
}

TEST_CASE("events are written line by line") {
    std::string text;
    http::append_event(
        text, {.data = "one\ntwo\r\nthree\rfour", .event = "a\nb", .id = "7", .retry = Duration::seconds(2)});
    CHECK(text == "retry: 2000\nevent: a b\nid: 7\ndata: one\ndata: two\ndata: three\ndata: four\n\n");
    text.clear();
    http::append_event(text, {.data = "", .id = std::string_view("\0", 1)});
    CHECK(text == "data: \n\n");
    text.clear();
    http::append_comment(text, "still\nhere");
    CHECK(text == ": still\n: here\n\n");
}
