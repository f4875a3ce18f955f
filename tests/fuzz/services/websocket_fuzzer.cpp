// A client's frames, whole and cut in two ways: what a server makes of them does not depend on how they
// arrive, messages stay within their bound, and text is UTF-8.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "services/json/utf8.h"
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes input = std::as_bytes(std::span(data, size));
    const std::string whole = hear(input, size + 1);
    require(hear(input, 1) == whole);
    require(hear(input, 7) == whole);
    return 0;
}
