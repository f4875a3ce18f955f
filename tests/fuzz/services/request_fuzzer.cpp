// Request heads and chunked bodies: no crash, the same outcome however the bytes are cut, and the same
// reading as llhttp.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tests/unit/services/http/read_request.h"
#ifdef HOLM_HAVE_LLHTTP
#include "tests/unit/services/http/llhttp_peer.h"
#endif

using namespace holm::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    Limits limits;
    limits.request_line = 200;
    limits.field_line = 300;
    limits.head = 1000;
    limits.fields = 10;
    limits.body = 500;
    const Outcome whole = read_request(text, 0, limits);
    const Outcome cut = read_request(text, 1 + size % 5, limits);
    if (whole.kind != cut.kind || whole.consumed != cut.consumed || whole.content != cut.content)
        std::abort();
    if (whole.kind == Outcome::Kind::kRefused && whole.status != cut.status) std::abort();
#ifdef HOLM_HAVE_LLHTTP
    if (whole.complete()) {
        const PeerOutcome peer = read_with_llhttp(text);
        if (peer.error && is_known_difference(peer, text)) return 0;
        if (!peer.complete || peer.consumed != whole.consumed || peer.content != whole.content) std::abort();
        if (peer.target != whole.head.text(text.data(), whole.head.target)) std::abort();
    }
#endif
    return 0;
}
