// Requests that two implementations could read differently, and other malformed ones: each with the answer it
// must get, whether it arrives at once or byte by byte.

#include <string>

#include <doctest/doctest.h>

#include "read_request.h"

using namespace holm;
using namespace holm::http;

namespace {

constexpr Status k400 = Status::kBadRequest;
constexpr Status k501 = Status::kNotImplemented;
constexpr Status k505 = Status::kVersionNotSupported;

struct Case {
    std::string why;
    std::string_view text;
    Status status;
};

using namespace std::string_view_literals;

const Case kCases[] = {
    // The request line.
    {"bare LF after the request line", "GET / HTTP/1.1\nHost: x\r\n\r\n", k400},
    {"bare CR in the request line", "GET /\r HTTP/1.1\r\nHost: x\r\n\r\n", k400},
    {"two spaces", "GET  / HTTP/1.1\r\nHost: x\r\n\r\n", k400},
    {"space at the end", "GET / HTTP/1.1 \r\nHost: x\r\n\r\n", k400},
    {"space at the start", " GET / HTTP/1.1\r\nHost: x\r\n\r\n", k400},
    {"tab for space", "GET\t/\tHTTP/1.1\r\nHost: x\r\n\r\n", k400},
    {"a space within the target", "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", k400},
    {"HTTP/0.9", "GET /\r\n\r\n", k400},
    {"no target", "GET HTTP/1.1\r\nHost: x\r\n\r\n", k400},
    {"empty target", "GET  HTTP/1.1\r\nHost: x\r\n\r\n", k400},
    {"NUL in the target", "GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n"sv, k400},
    {"a raw byte above 127 in the target", "GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n", k400},
    {"a fragment", "GET /#a HTTP/1.1\r\nHost: x\r\n\r\n", k400},
    {"quote in the target", "GET /\" HTTP/1.1\r\nHost: x\r\n\r\n", k400},
    {"relative target", "GET a HTTP/1.1\r\nHost: x\r\n\r\n", k400},
    {"half an escape", "GET /%4 HTTP/1.1\r\nHost: x\r\n\r\n", k400},
    {"not an escape", "GET /?q=%zz HTTP/1.1\r\nHost: x\r\n\r\n", k400},
    {"absolute form with user information", "GET http://u@x/ HTTP/1.1\r\nHost: x\r\n\r\n", k400},
    {"absolute form without a host", "GET http:///a HTTP/1.1\r\nHost: x\r\n\r\n", k400},
    {"absolute form of another scheme", "GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n", k400},
    {"authority form without CONNECT", "GET x:80 HTTP/1.1\r\nHost: x\r\n\r\n", k400},
    {"a method in lower case is another method", "get / HTTP/1.1\r\nHost: x\r\n\r\n", k501},
    {"an unknown method", "BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n", k501},
    {"an invalid character in the method", "GE(T / HTTP/1.1\r\nHost: x\r\n\r\n", k400},
    {"version in lower case", "GET / http/1.1\r\nHost: x\r\n\r\n", k400},
    {"version with two digits", "GET / HTTP/1.10\r\nHost: x\r\n\r\n", k400},
    {"version without a minor", "GET / HTTP/1\r\nHost: x\r\n\r\n", k400},
    {"another protocol", "GET / ICAP/1.0\r\nHost: x\r\n\r\n", k400},
    {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", k505},
    {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: x\r\n\r\n", k505},
    {"HTTP/0.9 spelled out", "GET / HTTP/0.9\r\nHost: x\r\n\r\n", k505},
    {"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"sv, k400},
    // Header lines.
    {"bare LF after a header", "GET / HTTP/1.1\r\nHost: x\n\r\n", k400},
    {"bare CR in a value", "GET / HTTP/1.1\r\nHost: x\rX: y\r\n\r\n", k400},
    {"CR CR LF", "GET / HTTP/1.1\r\nHost: x\r\r\n\r\n", k400},
    {"obs-fold", "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", k400},
    {"obs-fold with a tab", "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n\tc\r\n\r\n", k400},
    {"white space before the first header", "GET / HTTP/1.1\r\n Host: x\r\n\r\n", k400},
    {"space before the colon", "GET / HTTP/1.1\r\nHost : x\r\n\r\n", k400},
    {"tab before the colon", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length\t: 3\r\n\r\nabc", k400},
    {"no colon", "GET / HTTP/1.1\r\nHost: x\r\nabc\r\n\r\n", k400},
    {"empty name", "GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n", k400},
    {"NUL in a name", "GET / HTTP/1.1\r\nHost: x\r\nA\0: y\r\n\r\n"sv, k400},
    {"NUL in a value", "GET / HTTP/1.1\r\nHost: x\r\nA: \0y\r\n\r\n"sv, k400},
    {"DEL in a value", "GET / HTTP/1.1\r\nHost: x\r\nA: \x7f\r\n\r\n", k400},
    {"vertical tab before chunked",
     "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n", k400},
    {"a byte above 127 in a name", "GET / HTTP/1.1\r\nHost: x\r\nA\xe4: y\r\n\r\n", k400},
    {"parenthesis in a name", "GET / HTTP/1.1\r\nHost: x\r\n(A): y\r\n\r\n", k400},
    // Host.
    {"no Host", "GET / HTTP/1.1\r\n\r\n", k400},
    {"no Host in absolute form", "GET http://x/ HTTP/1.1\r\n\r\n", k400},
    {"two Hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", k400},
    {"two Hosts in different case", "GET / HTTP/1.1\r\nHost: x\r\nHOST: y\r\n\r\n", k400},
    {"a list in Host with a space", "GET / HTTP/1.1\r\nHost: x, y\r\n\r\n", k400},
    {"user information in Host", "GET / HTTP/1.1\r\nHost: u@x\r\n\r\n", k400},
    {"a path in Host", "GET / HTTP/1.1\r\nHost: x/y\r\n\r\n", k400},
    // Content-Length.
    {"two equal lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
     k400},
    {"two lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", k400},
    {"a list of lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3, 3\r\n\r\nabc", k400},
    {"a plus sign", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc", k400},
    {"a minus sign", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -3\r\n\r\nabc", k400},
    {"hexadecimal", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x3\r\n\r\nabc", k400},
    {"a fraction", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3.0\r\n\r\nabc", k400},
    {"empty length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \r\n\r\nabc", k400},
    {"space inside", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1 0\r\n\r\nabc", k400},
    {"overflow of 64 bits", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551619\r\n\r\nabc",
     k400},
    {"too much", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\nabc",
     Status::kContentTooLarge},
    {"HTTP/1.0 without a length", "POST / HTTP/1.0\r\n\r\nabc", Status::kLengthRequired},
    // Transfer-Encoding.
    {"CL.TE",
     "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG", k400},
    {"TE.CL",
     "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: "
     "3\r\n\r\n8\r\nSMUGGLED\r\n0\r\n\r\n",
     k400},
    {"CL of zero and TE",
     "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", k400},
    {"two TE",
     "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
     "chunked\r\n\r\n0\r\n\r\n",
     k400},
    {"TE.TE",
     "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
     k400},
    {"chunked twice", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
     k400},
    {"chunked not last", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
     k400},
    {"no chunked", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", k400},
    {"identity", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n", k400},
    {"xchunked", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", k400},
    {"quoted", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", k400},
    {"empty TE", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\r\n\r\n", k400},
    {"gzip and chunked", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
     k501},
    {"TE in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", k400},
    {"an unknown expectation", "POST / HTTP/1.1\r\nHost: x\r\nExpect: 200-ok\r\n\r\n",
     Status::kExpectationFailed},
};

constexpr std::string_view kChunked = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n";

// Bodies after kChunked.
const Case kBodies[] = {
    {"no size", "\r\n\r\n", k400},
    {"a size with 0x", "0x3\r\nabc\r\n0\r\n\r\n", k400},
    {"a negative size", "-1\r\nabc\r\n0\r\n\r\n", k400},
    {"a plus sign", "+3\r\nabc\r\n0\r\n\r\n", k400},
    {"space before the size", " 3\r\nabc\r\n0\r\n\r\n", k400},
    {"space after the size", "3 \r\nabc\r\n0\r\n\r\n", k400},
    {"tab before an extension", "3\t;a\r\nabc\r\n0\r\n\r\n", k400},
    {"an underscore in the size", "3_0\r\nabc\r\n0\r\n\r\n", k400},
    {"overflow of 64 bits", "10000000000000003\r\nabc\r\n0\r\n\r\n", Status::kContentTooLarge},
    {"many zeros", "0000000000000003\r\nabc\r\n0\r\n\r\n", k400},
    {"more than the limit", "fffffff\r\nabc\r\n0\r\n\r\n", Status::kContentTooLarge},
    {"bare LF after the size", "3\nabc\r\n0\r\n\r\n", k400},
    {"bare CR after the size", "3\rabc\r\n0\r\n\r\n", k400},
    {"bare LF after the data", "3\r\nabc\n0\r\n\r\n", k400},
    {"bare CR after the data", "3\r\nabc\r0\r\n\r\n", k400},
    {"data longer than the size", "3\r\nabcd\r\n0\r\n\r\n", k400},
    {"data shorter than the size", "4\r\nabc\r\n0\r\n\r\n", k400},
    {"bare LF at the end", "0\r\n\n", k400},
    {"bare LF in an extension", "3;a\nabc\r\n0\r\n\r\n", k400},
    {"bare CR in an extension", "3;a\rb\r\nabc\r\n0\r\n\r\n", k400},
    {"an extension without a name", "3;\r\nabc\r\n0\r\n\r\n", k400},
    {"an extension without a value", "3;a=\r\nabc\r\n0\r\n\r\n", k400},
    {"an extension with two values", "3;a=b=c\r\nabc\r\n0\r\n\r\n", k400},
    {"a control character in a quoted value", "3;a=\"\n\"\r\nabc\r\n0\r\n\r\n", k400},
    {"a quoted pair", "3;a=\"\\b\"\r\nabc\r\n0\r\n\r\n", k400},
    {"something after a quoted value", "3;a=\"b\"c\r\nabc\r\n0\r\n\r\n", k400},
    {"a folded trailer", "0\r\nA: b\r\n c\r\n\r\n", k400},
    {"a trailer with space before the colon", "0\r\nA : b\r\n\r\n", k400},
    {"a trailer without a colon", "0\r\nabc\r\n\r\n", k400},
    {"a trailer with a bare LF", "0\r\nA: b\n\r\n", k400},
    {"Content-Length in the trailer", "0\r\ncontent-LENGTH: 3\r\n\r\n", k400},
    {"Transfer-Encoding in the trailer", "0\r\nTransfer-Encoding: chunked\r\n\r\n", k400},
    {"Host in the trailer", "0\r\nHost: y\r\n\r\n", k400},
};

}  // namespace

TEST_CASE("what could be read in two ways is refused, however it arrives") {
    for (const Case& c : kCases) {
        CAPTURE(c.why);
        for (const std::size_t cut : {0, 1, 3, 16}) {
            const Outcome outcome = read_request(c.text, cut);
            CHECK(outcome.kind == Outcome::Kind::kRefused);
            CHECK(static_cast<int>(outcome.status) == static_cast<int>(c.status));
        }
    }
}

TEST_CASE("malformed chunked bodies are refused, however they arrive") {
    for (const Case& c : kBodies) {
        CAPTURE(c.why);
        for (const std::size_t cut : {0, 1, 3, 16}) {
            const Outcome outcome = read_request(std::string(kChunked) + std::string(c.text), cut);
            CHECK(outcome.kind == Outcome::Kind::kRefused);
            CHECK(static_cast<int>(outcome.status) == static_cast<int>(c.status));
        }
    }
}

TEST_CASE("correct chunked bodies are decoded and end where they end") {
    constexpr std::string_view kGood[] = {
        "3\r\nabc\r\n7\r\ndefghij\r\n0\r\n\r\n",
        "a\r\nabcdefghij\r\n0\r\n\r\n",
        "A;name\r\nabcdefghij\r\n0;last=yes\r\n\r\n",
        "00a;n=v;m=\"q ;\t\"\r\nabcdefghij\r\n000\r\nServer-Timing: x\r\nA:\r\n\r\n",
    };
    for (const std::string_view body : kGood) {
        CAPTURE(body);
        const std::string text = std::string(kChunked) + std::string(body);
        for (const std::size_t cut : {0, 1, 2, 5}) {
            const Outcome outcome = read_request(text + "GET", cut);
            REQUIRE(outcome.complete());
            CHECK(outcome.content == "abcdefghij");
            CHECK(outcome.consumed == text.size());
        }
    }
}

TEST_CASE("chunk extensions and trailers are bounded over the whole body") {
    Limits limits;
    limits.chunk_extensions = 20;
    limits.trailers = 20;
    std::string text(kChunked);
    for (int i = 0; i < 7; ++i) text += "1;ab\r\nx\r\n";  // 3 bytes each: name and CR
    CHECK(read_request(text + "0\r\n\r\n", 0, limits).refused_with(k400));
    CHECK(read_request(std::string(kChunked) + "0\r\nA: " + std::string(30, 'x') + "\r\n\r\n", 0, limits)
              .refused_with(Status::kHeaderFieldsTooLarge));
}
