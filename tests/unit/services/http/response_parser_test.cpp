// Responses as a client reads them, whole and cut; URLs and what redirects make of them.

#include "services/http/client/response_parser.h"

#include <string>

#include <doctest/doctest.h>

#include "services/http/client/url.h"

using namespace holm;
using namespace holm::http;

namespace {

struct Outcome {
    std::string what;  // "complete", "open" or the error
    int status = 0;
    std::string content;
    bool keeps_alive = false;
    std::size_t left = 0;  // bytes that belong to whatever comes next
    friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome read(std::string_view text, std::size_t cut = 0, bool to_head = false, bool ends = false) {
    ResponseParser parser({}, to_head);
    Outcome outcome;
    std::size_t visible = 0;
    while (!parser.complete()) {
        visible = cut == 0 ? text.size() : std::min(text.size(), visible + cut);
        if (visible == 0) break;
        const std::string given(text.substr(0, visible));  // so that ASan sees a view that outlives it
        const auto step = parser.receive(given);
        if (!step) {
            outcome.what = step.error().what;
            return outcome;
        }
        REQUIRE(step->consumed <= given.size());
        REQUIRE(step->consumed > 0);
        outcome.content += step->data;
        text.remove_prefix(step->consumed);
        visible -= step->consumed;
    }
    if (!parser.complete() && ends) {
        if (const auto ended = parser.end_of_input(); !ended) {
            outcome.what = ended.error().what;
            return outcome;
        }
    }
    outcome.what = parser.complete() ? "complete" : "open";
    if (parser.head_complete()) outcome.status = parser.head().status_code();
    outcome.keeps_alive = parser.complete() && parser.keeps_alive();
    outcome.left = text.size();
    return outcome;
}

Outcome read_all_ways(const std::string& text, bool to_head = false, bool ends = false) {
    const Outcome whole = read(text, 0, to_head, ends);
    for (const std::size_t cut : {1, 2, 3, 5, 17}) {
        CAPTURE(cut);
        CHECK(read(text, cut, to_head, ends) == whole);
    }
    return whole;
}

std::string refusal(const std::string& text) {
    const Outcome outcome = read_all_ways(text);
    CHECK(outcome.what != "complete");
    CHECK(outcome.what != "open");
    return outcome.what;
}

std::string resolved(std::string_view base, std::string_view reference) {
    const auto url = parse_url(base);
    REQUIRE(url);
    const auto found = resolve_url(*url, reference);
    return found ? found->text() : std::string("error: ") + found.error().what;
}

}  // namespace

TEST_CASE("content is delimited by its length, by chunks, or by the connection's end") {
    CHECK(read_all_ways("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhellonext") ==
          Outcome{"complete", 200, "hello", true, 4});
    CHECK(read_all_ways("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") ==
          Outcome{"complete", 200, "", true, 0});
    CHECK(read_all_ways("HTTP/1.1 200 OK\r\nTransfer-Encoding: "
                        "chunked\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nT: v\r\n\r\n") ==
          Outcome{"complete", 200, "hello", true, 0});
    CHECK(read_all_ways("HTTP/1.1 200 OK\r\n\r\nuntil the end", false, true) ==
          Outcome{"complete", 200, "until the end", false, 0});
    CHECK(read_all_ways("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok") ==
          Outcome{"complete", 200, "ok", false, 0});
    CHECK(read_all_ways("HTTP/1.0 200\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nok").keeps_alive);
    CHECK_FALSE(read_all_ways("HTTP/1.1 200 OK\r\nconnection: foo, close\r\nContent-Length: 2\r\n\r\nok")
                    .keeps_alive);
    CHECK(read_all_ways("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello").what ==
          "complete");
}

TEST_CASE("some responses have no content, whatever their headers say") {
    CHECK(read_all_ways("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true) ==
          Outcome{"complete", 200, "", true, 0});
    CHECK(read_all_ways("HTTP/1.1 204 No Content\r\n\r\nHTTP") == Outcome{"complete", 204, "", true, 4});
    CHECK(read_all_ways("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n") ==
          Outcome{"complete", 304, "", true, 0});
    CHECK(read_all_ways(
              "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n"
              "Content-Length: 2\r\n\r\nok") == Outcome{"complete", 200, "ok", true, 0});
}

TEST_CASE("what breaks off is told from what is complete") {
    for (const char* text :
         {"", "HTTP/1.1 200 OK\r\nContent-Len", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"}) {
        CAPTURE(std::string(text));
        CHECK(read_all_ways(text).what == "open");
        CHECK(read_all_ways(text, false, true).what.contains("closed the connection"));
    }
}

TEST_CASE("what two programs could read differently is refused") {
    const std::string ok = "HTTP/1.1 200 OK\r\n";
    CHECK(refusal(ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n").contains("both"));
    CHECK(refusal(ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n").contains("two different"));
    CHECK(refusal(ok + "Content-Length: +5\r\n\r\n").contains("plain number"));
    CHECK(refusal(ok + "Content-Length: 5, 5\r\n\r\n").contains("plain number"));
    CHECK(refusal(ok + "Content-Length: 99999999999999999999\r\n\r\n").contains("plain number"));
    CHECK(refusal(ok + "Transfer-Encoding: gzip, chunked\r\n\r\n").contains("coding"));
    CHECK(refusal(ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n").contains("twice"));
    CHECK(refusal("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").contains("HTTP/1.0"));
    CHECK(refusal(ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\n") != "");
    CHECK(refusal(ok + "No colon\r\n\r\n").contains("no name"));
    CHECK(refusal(ok + "Space : x\r\n\r\n").contains("no name"));
    CHECK(refusal(ok + " folded: x\r\n\r\n").contains("no name"));
    CHECK(refusal(ok + "X: a\nY: b\r\n\r\n").contains("control"));
    CHECK(refusal(ok + std::string("X: a\0b\r\n\r\n", 10)).contains("control"));
    for (const char* line :
         {"HTTP/2 200 OK", "HTTP/1.2 200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 abc OK",
          "HTTP/1.1  200", "ICY 200 OK", "HTTP/1.1 099 Low", "220 mail.example ESMTP"}) {
        CAPTURE(std::string(line));
        CHECK(refusal(std::string(line) + "\r\n\r\n") != "");
    }
    CHECK(refusal("HTTP/1.1 101 Switching Protocols\r\n\r\n").contains("unasked"));
    std::string endless;
    for (int i = 0; i < 9; ++i) endless += "HTTP/1.1 100 Continue\r\n\r\n";
    CHECK(refusal(endless).contains("interim"));
    CHECK(refusal(ok + "X: " + std::string(40'000, 'x') + "\r\n\r\n").contains("too large"));
    std::string many = ok;
    for (int i = 0; i < 129; ++i) many += "X: y\r\n";
    CHECK(refusal(many + "\r\n").contains("too many headers"));
}

TEST_CASE("headers are found in any case, without the white space around them") {
    ResponseParser parser({}, false);
    REQUIRE(parser.receive(
        "HTTP/1.1 301 Moved\r\nLocation: \t /there \r\nX-Empty:\r\nContent-Length: 0\r\n\r\n"));
    const ResponseHead& head = parser.head();
    CHECK(head.header("LOCATION") == "/there");
    CHECK(head.find_header("x-empty") == "");
    CHECK_FALSE(head.find_header("missing"));
    CHECK(head.header_count() == 3);
    CHECK(parser.content_length() == 0);
}

TEST_CASE("URLs are taken apart, and refused where they could not be sent") {
    const auto url = parse_url("HTTP://Example.TEST:8080/a/b?c=d#fragment");
    REQUIRE(url);
    CHECK(url->host == "example.test");
    CHECK(url->port == 8080);
    CHECK(url->target == "/a/b?c=d");
    CHECK(url->authority() == "example.test:8080");
    CHECK(parse_url("http://x")->target == "/");
    CHECK(parse_url("http://x?q")->target == "/?q");
    CHECK(parse_url("http://10.0.0.1:80")->authority() == "10.0.0.1");
    CHECK(parse_url("http://[fd00::1]:8080/")->text() == "http://[fd00::1]:8080/");
    CHECK(parse_url("https://x/").error().code == ErrorCode::kUnsupported);
    CHECK(parse_url("ftp://x/").error().code == ErrorCode::kUnsupported);
    for (const char* bad :
         {"", "x", "http:", "http:/x", "http://", "http://:80/", "http://x:0/", "http://x:65536/",
          "http://x:80a/", "http://user@x/", "http://[::1/", "http://[10.0.0.1]/", "http://[::1]8/",
          "http://x/a b", "http://x/\r\nHost: y", "http://x y/", "http://x/%\x01", "http://a_b\x7f/"}) {
        CAPTURE(std::string(bad));
        const auto parsed = parse_url(bad);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == ErrorCode::kInvalid);
    }
    CHECK_FALSE(parse_url("http://x/" + std::string(9000, 'x')));
    CHECK_FALSE(parse_url("http://" + std::string(254, 'x')));
}

TEST_CASE("references are resolved as RFC 3986 section 5.4 shows") {
    const char* base = "http://a/b/c/d;p?q";
    CHECK(resolved(base, "g") == "http://a/b/c/g");
    CHECK(resolved(base, "./g") == "http://a/b/c/g");
    CHECK(resolved(base, "g/") == "http://a/b/c/g/");
    CHECK(resolved(base, "/g") == "http://a/g");
    CHECK(resolved(base, "//g") == "http://g/");
    CHECK(resolved(base, "?y") == "http://a/b/c/d;p?y");
    CHECK(resolved(base, "g?y#s") == "http://a/b/c/g?y");
    CHECK(resolved(base, "#s") == "http://a/b/c/d;p?q");
    CHECK(resolved(base, "") == "http://a/b/c/d;p?q");
    CHECK(resolved(base, ".") == "http://a/b/c/");
    CHECK(resolved(base, "..") == "http://a/b/");
    CHECK(resolved(base, "../g") == "http://a/b/g");
    CHECK(resolved(base, "../../g") == "http://a/g");
    CHECK(resolved(base, "../../../g") == "http://a/g");
    CHECK(resolved(base, "/../g") == "http://a/g");
    CHECK(resolved(base, "g;x=1/../y") == "http://a/b/c/y");
    CHECK(resolved(base, "http://c:81/x") == "http://c:81/x");
    CHECK(resolved(base, "https://c/").contains("TLS"));
    CHECK(resolved(base, "/a b").contains("escaped"));
}
