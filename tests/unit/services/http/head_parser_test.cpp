#include "services/http/head_parser.h"

#include <string>

#include <doctest/doctest.h>

#include "read_request.h"

using namespace holm;
using namespace holm::http;

namespace {

constexpr std::string_view kTypical =
    "GET /items/7?page=2&all HTTP/1.1\r\nHost: holm.example:8080\r\nUser-Agent: curl/7.88.1\r\nAccept:\t*/* "
    "\r\n"
    "X-Empty:\r\n\r\n";

}  // namespace

TEST_CASE("a head is taken apart without copying") {
    RequestHead head;
    const auto length = HeadParser().parse({}, kTypical, head);
    REQUIRE(length.has_value());
    CHECK(*length == kTypical.size());
    CHECK(head.length == kTypical.size());
    CHECK(head.method == Method::kGet);
    CHECK(head.version_1_1);
    CHECK(head.keep_alive);
    CHECK(head.text(kTypical.data(), head.target) == "/items/7?page=2&all");
    CHECK(head.text(kTypical.data(), head.path) == "/items/7");
    CHECK(head.text(kTypical.data(), head.query) == "page=2&all");
    CHECK(head.text(kTypical.data(), head.host) == "holm.example:8080");
    REQUIRE(head.field_count == 4);
    CHECK(head.text(kTypical.data(), head.fields[2].name) == "Accept");
    CHECK(head.text(kTypical.data(), head.fields[2].value) == "*/*");
    CHECK(head.text(kTypical.data(), head.fields[3].value).empty());
}

TEST_CASE("the four forms of a request target") {
    const auto path_of = [](std::string text) {
        const Outcome outcome = read_request(text);
        REQUIRE(outcome.complete());
        return std::string(outcome.head.text(text.data(), outcome.head.path));
    };
    CHECK(path_of("GET /a/b?c HTTP/1.1\r\nHost: x\r\n\r\n") == "/a/b");
    CHECK(path_of("GET http://x/a?c HTTP/1.1\r\nHost: y\r\n\r\n") == "/a");
    CHECK(path_of("GET HTTP://x HTTP/1.1\r\nHost: y\r\n\r\n") == "/");
    CHECK(path_of("GET http://x?q HTTP/1.1\r\nHost: y\r\n\r\n") == "/");
    CHECK(path_of("OPTIONS * HTTP/1.1\r\nHost: y\r\n\r\n").empty());
    const std::string absolute = "GET http://one:81/a HTTP/1.1\r\nHost: two\r\n\r\n";
    const Outcome outcome = read_request(absolute);
    CHECK(outcome.head.text(absolute.data(), outcome.head.host) == "one:81");
    CHECK(read_request("GET * HTTP/1.1\r\nHost: y\r\n\r\n").refused_with(Status::kBadRequest));
    CHECK(read_request("CONNECT y:80 HTTP/1.1\r\nHost: y\r\n\r\n").refused_with(Status::kNotImplemented));
}

TEST_CASE("keep-alive follows version and Connection") {
    const auto keeps = [](std::string_view text) {
        const Outcome outcome = read_request(text);
        REQUIRE(outcome.complete());
        return outcome.head.keep_alive;
    };
    CHECK(keeps("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    CHECK_FALSE(keeps("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    CHECK_FALSE(keeps("GET / HTTP/1.1\r\nHost: x\r\nConnection: Keep-Alive, CLOSE\r\n\r\n"));
    CHECK_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
    CHECK(keeps("GET / HTTP/1.0\r\nconnection: te,Keep-Alive\r\n\r\n"));
}

TEST_CASE("each limit has its status and holds to the byte") {
    Limits limits;
    limits.request_line = 40;
    limits.field_line = 50;
    limits.head = 200;
    limits.fields = 3;
    limits.body = 10;
    const auto request = [](std::size_t line, std::size_t field, std::size_t fields) {
        std::string text = "GET /" + std::string(line - 14, 'a') + " HTTP/1.1\r\nHost:\r\n";
        text += "X: " + std::string(field - 3, 'b') + "\r\n";
        for (std::size_t i = 2; i < fields; ++i) text += "Y: y\r\n";
        return text + "\r\n";
    };
    CHECK(read_request(request(40, 50, 3), 0, limits).complete());
    CHECK(read_request(request(41, 50, 3), 0, limits).refused_with(Status::kUriTooLong));
    CHECK(read_request(request(40, 51, 3), 0, limits).refused_with(Status::kHeaderFieldsTooLarge));
    CHECK(read_request(request(40, 50, 4), 0, limits).refused_with(Status::kHeaderFieldsTooLarge));
    limits.fields = 64;
    CHECK(read_request(request(40, 50, 17), 0, limits).complete());  // 42+7+52+15*6+2 = 193 bytes
    CHECK(read_request(request(40, 50, 19), 0, limits).refused_with(Status::kHeaderFieldsTooLarge));
    CHECK(read_request("POST / HTTP/1.1\r\nHost:\r\nContent-Length: 11\r\n\r\n", 0, limits)
              .refused_with(Status::kContentTooLarge));
    CHECK(read_request("POST / HTTP/1.1\r\nHost:\r\nContent-Length: 10\r\n\r\n0123456789", 0, limits)
              .complete());
    // The refusal does not wait for a line that never ends.
    CHECK(read_request("GET /" + std::string(100, 'a'), 0, limits).refused_with(Status::kUriTooLong));
}

TEST_CASE("a head longer than 64 KiB cannot be configured into an overflow") {
    Limits limits;
    limits.request_line = limits.field_line = limits.head = 65535;
    limits.fields = 1000;
    std::string text = "GET / HTTP/1.1\r\nHost: x\r\n";
    for (int i = 0; i < 63; ++i) text += "X: " + std::string(1000, 'v') + "\r\n";
    CHECK(read_request(text + "\r\n", 0, limits).complete());
    CHECK(read_request(text + "X: y\r\n\r\n", 0, limits).refused_with(Status::kHeaderFieldsTooLarge));
    CHECK(read_request("GET / HTTP/1.1\r\nX: " + std::string(70000, 'v'), 0, limits)
              .refused_with(Status::kHeaderFieldsTooLarge));
}

TEST_CASE("an empty line before a request is ignored, once") {
    CHECK(read_request("\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n").complete());
    CHECK(read_request("\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n").refused_with(Status::kBadRequest));
}
