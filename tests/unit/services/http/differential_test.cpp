// Random requests, made of fragments that matter to framing: what we accept, llhttp accepts and reads in the
// same way; and the outcome does not depend on how the bytes were cut.

#include <cstdint>
#include <random>
#include <string>

#include <doctest/doctest.h>

#include "read_request.h"
#ifdef HOLM_HAVE_LLHTTP
#include "llhttp_peer.h"
#endif

using namespace holm;
using namespace holm::http;

namespace {

constexpr std::string_view kFragments[] = {
    "GET",
    "POST",
    "OPTIONS",
    " ",
    "/",
    "/a",
    "*",
    "?b=c",
    "%41",
    "http://h/",
    " HTTP/1.1",
    " HTTP/1.0",
    "\r\n",
    "\r\n",
    "\r\n\r\n",
    "\r",
    "\n",
    ":",
    "\t",
    "Host: x\r\n",
    "Host:\r\n",
    "Content-Length: 3\r\n",
    "Content-Length: 0\r\n",
    "Content-Length:",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding:",
    "chunked",
    ",",
    "Connection: close\r\n",
    "Expect: 100-continue\r\n",
    "X: y\r\n",
    "abc",
    "3\r\nabc\r\n",
    "0\r\n\r\n",
    "0\r\n",
    "a",
    ";x",
    ";x=y",
    "=\"q\"",
    "\x80",
    "Connection: upgrade\r\nUpgrade: x\r\n",
};

// A request that is correct in most of its parts, with a few fragments put in, dropped or repeated at random.
std::string make_request(std::mt19937_64& random) {
    const auto below = [&random](std::uint64_t n) { return random() % n; };
    std::string text = below(2) != 0 ? "GET /a?b HTTP/1.1\r\nHost: x\r\n" : "POST / HTTP/1.1\r\nHost: x\r\n";
    switch (below(4)) {
        case 0:
            text += "Content-Length: 3\r\n\r\nabc";
            break;
        case 1:
            text += "Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: u\r\n\r\n";
            break;
        default:
            text += "\r\n";
    }
    for (std::uint64_t edits = below(4); edits > 0; --edits) {
        const std::size_t at = below(text.size() + 1);
        const std::string_view fragment = kFragments[below(std::size(kFragments))];
        switch (below(3)) {
            case 0:
                text.insert(at, fragment);
                break;
            case 1:
                text.replace(at, below(4), fragment);
                break;
            default:
                text.erase(at, below(4));
        }
        if (text.empty()) text = "G";
    }
    return text;
}

}  // namespace

TEST_CASE("the outcome does not depend on how the bytes arrive") {
    std::mt19937_64 random(20260101);
    std::size_t complete = 0;
    for (int i = 0; i < 20'000; ++i) {
        const std::string text = make_request(random);
        CAPTURE(text);
        const Outcome whole = read_request(text);
        const Outcome cut = read_request(text, 1 + random() % 7);
        REQUIRE(whole.kind == cut.kind);
        if (whole.kind == Outcome::Kind::kRefused) REQUIRE(whole.status == cut.status);
        if (!whole.complete()) continue;
        ++complete;
        REQUIRE(whole.consumed == cut.consumed);
        REQUIRE(whole.content == cut.content);
        REQUIRE(whole.head.field_count == cut.head.field_count);
    }
    CHECK(complete > 4'000);  // else the generator makes only garbage and the test says nothing
}

#ifdef HOLM_HAVE_LLHTTP
TEST_CASE("what is accepted, llhttp accepts and reads in the same way") {
    std::mt19937_64 random(20260102);
    std::size_t complete = 0;
    for (int i = 0; i < 50'000; ++i) {
        const std::string text = make_request(random);
        CAPTURE(text);
        const Outcome ours = read_request(text);
        if (!ours.complete()) continue;
        ++complete;
        const PeerOutcome theirs = read_with_llhttp(text);
        CAPTURE(theirs.reason);
        if (theirs.error && is_known_difference(theirs, text)) continue;
        REQUIRE(theirs.complete);
        REQUIRE(theirs.consumed == ours.consumed);
        REQUIRE(theirs.content == ours.content);
        REQUIRE(theirs.target == ours.head.text(text.data(), ours.head.target));
    }
    CHECK(complete > 10'000);
}
#else
TEST_CASE("differential test against llhttp" * doctest::skip(true)) {}
#endif
