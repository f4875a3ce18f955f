// What a server sends to the client's end of a WebSocket: the answer to the handshake, then frames. What the
// client makes of them does not depend on how they arrive, messages stay within their bound, text is UTF-8,
// and what the client says back is a client's frame.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "services/json/utf8.h"
#include "services/websocket/client_handshake.h"
#include "services/websocket/session.h"

using namespace holm;
using namespace holm::websocket;

namespace {

constexpr std::size_t kMost = 4096;

void require(bool held) {
    if (!held) std::abort();
}

Mask mask() {
    return {std::byte{0x37}, std::byte{0xfa}, std::byte{0x21}, std::byte{0x3d}};
}

void require_masked(Bytes reply) {
    if (reply.empty()) return;
    const auto head = parse_frame(reply, Sender::kClient);
    require(head && *head && (*head)->size + (*head)->length == reply.size() && (*head)->mask == mask());
}

std::string hear(Bytes input, std::size_t cut) {
    Session session(kMost, &mask);
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
        require_masked(session.reply());
        heard += as_text(session.reply());
        if (event == Session::Event::kClosed)
            return heard + std::to_string(int(session.close_code())) + std::string(session.close_reason());
        if (event == Session::Event::kNone && input.empty()) return heard;
    }
}

// The size of the handshake's answer, if it opens the WebSocket.
std::size_t shake_hands(std::string_view input) {
    static const std::vector<std::string> kProtocols = {"chat", "superchat"};
    Key key;
    std::ranges::copy(std::string_view("dGhlIHNhbXBsZSBub25jZQ=="), key.begin());
    http::ResponseParser parser({}, false);
    parser.expect_upgrade();
    std::size_t at = 0;
    while (!parser.head_complete()) {
        const auto step = parser.receive(input.substr(at));
        if (!step || step->consumed == 0) return 0;
        at += step->consumed;
    }
    const http::ResponseHead& head = parser.head();
    const auto agreed = check_answer(head, key, kProtocols);
    require(!agreed || (head.status_code() == 101 &&
                        head.header("sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    return agreed ? at : 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes input = std::as_bytes(std::span(data, size));
    input = input.subspan(shake_hands(as_text(input)));
    const std::string whole = hear(input, input.size() + 1);
    require(hear(input, 1) == whole);
    require(hear(input, 7) == whole);
    (void)parse_url(as_text(input));
    return 0;
}
