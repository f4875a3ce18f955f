// A server's response, whole and cut in two ways: what a client makes of it does not depend on how it
// arrives. The first byte says whether the request was HEAD. The text is also read as a URL and as a
// reference.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include "base/bytes.h"
#include "services/http/client/response_parser.h"
#include "services/http/client/url.h"

using namespace holm;
using namespace holm::http;

namespace {

void require(bool held) {
    if (!held) std::abort();
}

std::string read(std::string_view text, std::size_t cut, bool to_head) {
    ResponseParser parser({.head = 2048, .fields = 16}, to_head);
    std::string heard;
    std::size_t visible = 0;
    while (!parser.complete() && !text.empty()) {
        visible = std::min(text.size(), visible + cut);
        const std::string given(text.substr(0, visible));  // so that ASan sees a view that outlives it
        const auto step = parser.receive(given);
        // Content that came before a mistake in the chunks after it may have been handed out or not.
        if (!step) return "refused";
        require(step->consumed > 0 && step->consumed <= given.size());
        heard += step->data;
        text.remove_prefix(step->consumed);
        visible -= step->consumed;
    }
    const bool ended = parser.end_of_input().has_value();
    if (parser.head_complete()) {
        const ResponseHead& head = parser.head();
        heard += std::to_string(head.status_code());
        for (std::size_t i = 0; i < head.header_count(); ++i) {
            heard += head.header_name(i);
            heard += head.header_value(i);
            require(head.find_header(head.header_name(i)).has_value());
        }
        heard += head.header("location");
    }
    return heard + (ended ? "." : "…") + std::to_string(text.size()) + (parser.keeps_alive() ? "k" : "c");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text = as_text(std::as_bytes(std::span(data, size)).subspan(1));
    const bool to_head = (data[0] & 1) != 0;
    const std::string whole = read(text, size, to_head);
    require(read(text, 1, to_head) == whole);
    require(read(text, 7, to_head) == whole);
    const Url base{.host = "base", .target = "/a/b?c"};
    for (const auto& url : {parse_url(text), resolve_url(base, text)}) {
        if (!url) continue;
        const auto again = parse_url(url->text());
        require(again && again->text() == url->text());
    }
    return 0;
}
