// Requests for several byte ranges, with the service that wants to answer them.

#include "services/http/several_ranges.h"

#include <random>
#include <string>

#include <doctest/doctest.h>

#include "client.h"

using namespace holm;
using namespace holm::http;

namespace {

const std::string kDigits = "0123456789";

std::string ask(const std::string& headers, std::string_view method = "GET", bool owned = false,
                const std::string& content = kDigits) {
    SeveralRanges ranges({1, 2});
    Client client([&](const Request& request) {
        Response response =
            owned ? Response::text(content) : Response::reference(as_bytes(content), "text/plain");
        return ranges(request, std::move(response).etag("v1").header("X-Own", "yes"));
    });
    return client.send(std::string(method) + " / HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n");
}

std::string content_of(const std::string& answer) {
    std::string rest = answer.substr(answer.find("\r\n\r\n") + 4);
    if (!answer.contains("Transfer-Encoding: chunked")) return rest;
    std::string content;
    while (true) {
        const std::size_t size = std::stoul(rest, nullptr, 16), line = rest.find("\r\n") + 2;
        if (size == 0) return content;
        content += rest.substr(line, size);
        rest.erase(0, line + size + 2);
    }
}

std::string boundary_of(const std::string& answer) {
    const std::size_t at = answer.find("multipart/byteranges; boundary=");
    REQUIRE(at != answer.npos);
    return answer.substr(at + 31, 16);
}

}  // namespace

TEST_CASE("several ranges are parts of one answer, in the order of the request") {
    for (const bool owned : {false, true}) {
        const std::string answer = ask("Range: bytes=7-, 0-1,-10000000000000000000000\r\n", "GET", owned);
        CHECK(answer.starts_with("HTTP/1.1 200"));  // the last overlaps the others
        const std::string parts = ask("Range: bytes=7-, 0-1 ,, 3-3\r\n", "GET", owned);
        CHECK(parts.starts_with("HTTP/1.1 206"));
        const std::string head = parts.substr(0, parts.find("\r\n\r\n"));
        CHECK(!head.contains("Content-Range"));  // RFC 9110 §15.3.7.2: only within the parts
        CHECK(head.contains("ETag: \"v1\"\r\n"));
        CHECK(head.contains("X-Own: yes"));
        CHECK(!head.contains("text/plain"));
        const std::string line = "\r\n--" + boundary_of(parts);
        const std::string type =
            owned ? "\r\nContent-Type: text/plain; charset=utf-8" : "\r\nContent-Type: text/plain";
        CHECK(content_of(parts) == line + type + "\r\nContent-Range: bytes 7-9/10\r\n\r\n789" + line + type +
                                       "\r\nContent-Range: bytes 0-1/10\r\n\r\n01" + line + type +
                                       "\r\nContent-Range: bytes 3-3/10\r\n\r\n3" + line + "--\r\n");
    }
    SeveralRanges ranges({1, 2});
    CHECK(boundary_of(ask("Range: bytes=0-0,2-2\r\n")) != "0000000000000000");
}

TEST_CASE("of ranges that are not there nothing is sent") {
    const std::string one = ask("Range: bytes=20-,4-5\r\n");
    CHECK(one.starts_with("HTTP/1.1 206"));
    CHECK(one.contains("Content-Range: bytes 4-5/10\r\n"));
    CHECK(one.contains("Content-Length: 2\r\n"));
    CHECK(one.ends_with("\r\n\r\n45"));
    const std::string owned = ask("Range: bytes=20-,4-5\r\n", "GET", true);
    CHECK(owned.ends_with("\r\n\r\n45"));
    const std::string none = ask("Range: bytes=20-,-0\r\n");
    CHECK(none.starts_with("HTTP/1.1 416"));
    CHECK(none.contains("Content-Range: bytes */10\r\n"));
    CHECK(none.ends_with("\r\n\r\n"));
}

TEST_CASE("what could be an attack, or is not understood, gets the whole") {
    std::string many = "Range: bytes=0-0";
    for (std::size_t i = 1; i < SeveralRanges::kMost; ++i)
        many += "," + std::to_string(2 * i) + "-" + std::to_string(2 * i);
    const std::string content(1000, 'c');
    CHECK(ask(many + "\r\n", "GET", false, content).starts_with("HTTP/1.1 206"));
    CHECK(ask(many + ",100-\r\n", "GET", false, content).starts_with("HTTP/1.1 200"));
    for (const char* value : {"bytes=0-4,4-5", "bytes=0-,0-", "bytes=5-,-6", "bytes=1-2,x-3", "bytes=3-2,5-6",
                              "bytes=,", "lines=0-1,3-4", "bytes=0-1;3-4"}) {
        CAPTURE(std::string(value));
        CHECK(ask("Range: " + std::string(value) + "\r\n").ends_with("\r\n\r\n" + kDigits));
    }
    CHECK(ask("Range: bytes=0-1,3-4\r\n", "HEAD").starts_with("HTTP/1.1 200"));
    CHECK(ask("Range: bytes=0-1,3-4\r\nIf-Range: \"v0\"\r\n").starts_with("HTTP/1.1 200"));
    CHECK(ask("Range: bytes=0-1,3-4\r\nIf-Range: \"v1\"\r\n").starts_with("HTTP/1.1 206"));
    CHECK(ask("Range: bytes=0-1,3-4\r\nIf-None-Match: \"v1\"\r\n").starts_with("HTTP/1.1 304"));
    CHECK(ask("Range: bytes=0-3\r\n").contains("Content-Range: bytes 0-3/10\r\n"));
}

TEST_CASE("parts of any size come whole") {
    std::string content(100'000, '\0');
    std::mt19937 random(7);
    for (char& c : content) c = char('a' + random() % 26);
    for (int round = 0; round < 50; ++round) {
        std::string value, expected;
        std::size_t at = random() % 5000;
        std::vector<std::string> parts;
        while (at < content.size() && parts.size() < 8) {
            const std::size_t size = std::min<std::size_t>(1 + random() % 20'000, content.size() - at);
            value += (parts.empty() ? "" : ",") + std::to_string(at) + "-" + std::to_string(at + size - 1);
            parts.push_back(content.substr(at, size));
            at += size + random() % 3000;
        }
        if (parts.size() < 2) continue;
        const std::string answer = ask("Range: bytes=" + value + "\r\n", "GET", round % 2 == 0, content);
        const std::string all = content_of(answer), line = "\r\n--" + boundary_of(answer);
        std::size_t from = 0;
        for (const std::string& part : parts) {
            REQUIRE(all.substr(from, line.size()) == line);
            from = all.find("\r\n\r\n", from) + 4;
            REQUIRE(all.substr(from, part.size()) == part);
            from += part.size();
        }
        CHECK(all.substr(from) == line + "--\r\n");
    }
}
