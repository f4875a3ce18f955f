// The client's end: its handshake, what it takes from a server, and that what it says is masked.

#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "frames.h"
#include "services/websocket/client_handshake.h"
#include "services/websocket/session.h"

using namespace holm;
using namespace holm::websocket;
using namespace holm::websocket::testing;

namespace {

using Event = Session::Event;

const std::vector<std::string> kProtocols = {"chat", "superchat"};
const std::string kAgreed =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: keep-alive, upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

Key key() {
    Key key;
    std::ranges::copy(std::string_view("dGhlIHNhbXBsZSBub25jZQ=="), key.begin());
    return key;
}

// The mask of frames.h.
Mask mask() {
    return {std::byte{0x37}, std::byte{0xfa}, std::byte{0x21}, std::byte{0x3d}};
}

std::string check(const std::string& head) {
    http::ResponseParser parser({}, false);
    parser.expect_upgrade();
    const auto step = parser.receive(head + "\r\n\x81\x01x");
    if (!step) return step.error().what;
    REQUIRE(step->consumed == head.size() + 2);  // what follows is not HTTP
    const Result<> checked = check_answer(parser.head(), key(), kProtocols);
    return checked ? "agreed" : checked.error().what;
}

std::string without(const std::string& header) {
    const std::size_t at = kAgreed.find(header);
    std::string rest = kAgreed;
    return rest.erase(at, kAgreed.find("\r\n", at) + 2 - at);
}

std::string server_frame(unsigned first, std::string_view payload) {
    return client_frame(first, payload, false);
}

}  // namespace

TEST_CASE("a client asks as the RFC shows") {
    const auto url = parse_url("ws://server.example.com:8080/chat?x=y");
    REQUIRE(url);
    CHECK(ask_handshake(*url, key(), kProtocols) ==
          "GET /chat?x=y HTTP/1.1\r\nHost: server.example.com:8080\r\nUpgrade: websocket\r\nConnection: "
          "Upgrade\r\n"
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
          "Sec-WebSocket-Protocol: chat, superchat\r\n");
    CHECK(!ask_handshake(*url, key(), {}).contains("Protocol"));
    CHECK(parse_url("WS://x")->target == "/");
    for (const char* bad : {"wss://x/", "http://x/", "x", "ws:x", "ws://x/#a", "ws://u@x/", ""}) {
        CAPTURE(std::string(bad));
        CHECK_FALSE(parse_url(bad));
    }
    std::array<std::byte, 16> bytes;
    std::ranges::copy(as_bytes(std::string_view("the sample nonce")), bytes.begin());
    CHECK(make_key(bytes) == key());
    const Key zeros = make_key(std::array<std::byte, 16>{});
    CHECK(is_key({zeros.data(), zeros.size()}));
}

TEST_CASE("the answer must be that of a server which has understood") {
    CHECK(check(kAgreed) == "agreed");
    CHECK(check(kAgreed + "Sec-WebSocket-Protocol: superchat\r\n") == "agreed");
    CHECK(check(kAgreed + "Sec-WebSocket-Protocol: other\r\n").contains("subprotocol"));
    CHECK(check(kAgreed + "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: chat\r\n")
              .contains("subprotocol"));
    CHECK(check(kAgreed + "Sec-WebSocket-Extensions: permessage-deflate\r\n").contains("extension"));
    CHECK(check(without("Upgrade")).contains("another protocol"));
    CHECK(check(without("Upgrade") + "Upgrade: h2c\r\n").contains("another protocol"));
    CHECK(check(without("Connection")).contains("Connection"));
    CHECK(check(without("Sec-WebSocket-Accept")).contains("not that of our key"));
    CHECK(check(without("Sec-WebSocket-Accept") + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOO=\r\n")
              .contains("not that of our key"));
    CHECK(check("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n").contains("does not allow"));
    CHECK(check("HTTP/1.1 302 Found\r\nLocation: /\r\n").contains("another address"));
    CHECK(check("HTTP/1.1 200 OK\r\n").contains("did not open"));
}

TEST_CASE("without having asked for it, 101 is an error") {
    http::ResponseParser parser({}, false);
    CHECK_FALSE(parser.receive(kAgreed + "\r\n"));
}

TEST_CASE("a server's frames bear no mask, a client's answers do") {
    Session session(1000, &mask);
    const std::string text = server_frame(0x81, "hello");
    auto [consumed, event] = session.receive(as_bytes(text));
    CHECK(event == Event::kMessage);
    CHECK(as_text(session.message()) == "hello");
    const std::string ping = server_frame(0x89, "there?");
    CHECK(session.receive(as_bytes(ping)).event == Event::kReply);
    CHECK(as_text(session.reply()) == client_frame(0x8a, "there?"));
    const std::string bye = server_frame(0x88,
                                         "\x03\xe8"
                                         "bye");
    CHECK(session.receive(as_bytes(bye)).event == Event::kClosed);
    CHECK(as_text(session.reply()) == close_frame(1000));
    CHECK(session.close_code() == CloseCode::kNormal);
    CHECK(session.close_reason() == "bye");

    Session other(1000, &mask);
    CHECK(as_text(other.close(CloseCode::kGoingAway, "tide")) == close_frame(1001, "tide"));
    Session wrong(1000, &mask);
    const std::string masked = client_frame(0x81, "hello");
    CHECK(wrong.receive(as_bytes(masked)).event == Event::kClosed);
    CHECK(wrong.close_reason() == "a server's frame is masked");
}

TEST_CASE("a masked head is a client's") {
    for (const std::uint64_t length : {0ull, 125ull, 126ull, 65'535ull, 65'536ull}) {
        std::array<std::byte, kMostMaskedHead> bytes{};
        const std::size_t size = write_head(bytes, Opcode::kBinary, length, mask());
        const auto parsed = parse_frame(Bytes(bytes).first(size), Sender::kClient);
        REQUIRE((parsed && *parsed));
        CHECK((*parsed)->length == length);
        CHECK((*parsed)->size == size);
        CHECK((*parsed)->mask == mask());
        CHECK_FALSE(parse_frame(Bytes(bytes).first(size), Sender::kServer));
    }
}
