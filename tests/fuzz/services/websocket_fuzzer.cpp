// A client's frames, whole and cut in two ways: what a server makes of them does not depend on how they
// arrive, messages stay within their bound, and text is UTF-8. What begins as no frame does, with "GET", is
// read as a handshake too; and the first bytes are a length whose frame head is written and read again.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "services/http/session.h"
#include "services/json/utf8.h"
#include "services/websocket/handshake.h"
#include "services/websocket/session.h"

using namespace holm;
using namespace holm::websocket;

namespace {

constexpr std::size_t kMost = 4096;

void require(bool held) {
    if (!held) std::abort();
}

std::string hear(Bytes input, std::size_t cut) {
    Session session(kMost);
    std::string heard;
    std::size_t visible = 0;
    while (true) {
        visible = std::min(input.size(), visible + cut);
        const std::string copy(as_text(input.first(visible)));  // so that ASan sees a view that outlives it
        const auto [consumed, event] = session.receive(as_bytes(copy));
        require(consumed <= copy.size());
        input = input.subspan(consumed);
        visible -= consumed;
        if (event == Session::Event::kMessage) {
            require(session.message().size() <= kMost);
            require(!session.is_text() || json::is_utf8(as_text(session.message())));
            heard += session.is_text() ? 't' : 'b';
            heard += as_text(session.message());
        }
        if (event == Session::Event::kPong) heard += 'p';
        require(session.reply().size() <= kMostHead + kMostControl);
        heard += as_text(session.reply());
        if (event == Session::Event::kClosed) {
            require(session.close_sent());
            require(session.close(CloseCode::kNormal).empty());
            return heard + std::to_string(int(session.close_code())) + std::string(session.close_reason());
        }
        if (event == Session::Event::kNone && input.empty()) return heard;
        if (event == Session::Event::kNone) require(consumed == copy.size());
    }
}

// Whatever is agreed upon was offered, and only who speaks this protocol is answered in it.
void shake_hands(Bytes input) {
    http::SessionContext context;
    http::Session session(context, {});
    const auto received = session.receive({}, input);
    if (received.request == nullptr) return;
    const HandshakeOptions options{.protocols = {"chat", "superchat"}, .origins = {"http://a.test"}};
    const http::Request& request = *received.request;
    const http::Response response = answer_handshake(request, options);
    const bool agreed = response.status() == http::Status::kSwitchingProtocols;
    require(agreed == response.headers().contains("Sec-WebSocket-Accept: "));
    if (!agreed) return;
    require(request.header("sec-websocket-version") == "13" &&
            request.header("sec-websocket-key").size() == 24);
    const std::string_view chosen = choose_protocol(request, options);
    require(chosen.empty() || as_text(input).contains(chosen));
    require(chosen.empty() == !response.headers().contains("Sec-WebSocket-Protocol: "));
}

void write_and_read(std::uint64_t length) {
    std::array<std::byte, kMostHead + 4> bytes{};
    const std::size_t size = write_head(bytes, Opcode::kBinary, length);
    require(parse_frame(bytes, Sender::kServer).has_value());
    require(!parse_frame(bytes, Sender::kClient));
    bytes[1] |= std::byte{0x80};
    const auto parsed = parse_frame(bytes, Sender::kClient);
    require(parsed && *parsed && (*parsed)->length == length && (*parsed)->size == size + 4);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes input = std::as_bytes(std::span(data, size));
    const std::string whole = hear(input, size + 1);
    require(hear(input, 1) == whole);
    require(hear(input, 7) == whole);
    if (as_text(input).starts_with("GET ")) shake_hands(input);
    std::uint64_t length = 0;
    if (size != 0) std::memcpy(&length, data, std::min(size, sizeof(length)));
    for (const int bits : {1, 32, 48, 57}) write_and_read(length >> bits);
    return 0;
}
