// Static files in several codings, what is said about them, and the access log.

#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "client.h"
#include "services/http/access_log.h"
#include "services/http/content_coding.h"
#include "services/http/service.h"

using namespace holm;
using namespace holm::http;

namespace {

constexpr std::int64_t kNow = 784'111'777;

const std::map<std::string, std::string, std::less<>> kFiles = {{"page.css", "body { color: black; }"},
                                                                {"page.css.gz", "<gzip>"},
                                                                {"page.css.br", "<br>"},
                                                                {"only.js", "let x;"},
                                                                {"only.js.gz", "<js gzip>"},
                                                                {"plain.txt", "plain"},
                                                                {"index.html", "<html>"},
                                                                {"index.html.br", "<index br>"}};

FileSource files() {
    return [](std::string_view path) -> std::optional<StaticFile> {
        const auto found = kFiles.find(path.empty() ? "index.html" : path);
        if (found == kFiles.end()) return std::nullopt;
        // The contents stand for their hash.
        const std::string& content = found->second;
        return StaticFile{as_bytes(content), path.ends_with(".gz") ? "application/gzip" : "text/css",
                          content.size() >= 8 ? as_bytes(content) : as_bytes("12345678")};
    };
}

struct Answer {
    std::string status, encoding, vary, etag, cache, type, content;
};

std::string header_of(const std::string& answer, const std::string& name) {
    const std::size_t at = answer.find("\r\n" + name + ": ");
    if (at == answer.npos) return "";
    const std::size_t begin = at + name.size() + 4;
    return answer.substr(begin, answer.find("\r\n", begin) - begin);
}

Answer ask(std::string_view path, std::string_view headers, FileOptions options = {}) {
    Service service;
    service.files("/", files(), std::move(options));
    REQUIRE(service.error());
    Client client([&](const Request& request) { return service.answer(const_cast<Request&>(request)); });
    const std::string answer =
        client.send("GET /" + std::string(path) + " HTTP/1.1\r\nHost: x\r\n" + std::string(headers) + "\r\n");
    return {answer.substr(9, 3),
            header_of(answer, "Content-Encoding"),
            header_of(answer, "Vary"),
            header_of(answer, "ETag"),
            header_of(answer, "Cache-Control"),
            header_of(answer, "Content-Type"),
            answer.substr(answer.find("\r\n\r\n") + 4)};
}

std::string content_for(std::string_view accept) {
    return ask("page.css", "Accept-Encoding: " + std::string(accept) + "\r\n").content;
}

}  // namespace

TEST_CASE("weights have at most three decimals and are at most one") {
    CHECK(parse_weight("") == 1000);
    CHECK(parse_weight(";q=0.5") == 500);
    CHECK(parse_weight(" ; Q=0.001 ") == 1);
    CHECK(parse_weight(";q=1.000") == 1000);
    CHECK(parse_weight(";q=0") == 0);
    CHECK(parse_weight(";q=1.") == 1000);
    for (const char* bad :
         {"q=1", ";q=", ";q=1.001", ";q=2", ";q=0.0001", ";q=.5", ";q=-1", ";q=0,5", ";level=1", ";"}) {
        CAPTURE(std::string(bad));
        CHECK_FALSE(parse_weight(bad));
    }
}

TEST_CASE("a client gets the coding that it likes best") {
    CHECK(content_for("gzip") == "<gzip>");
    CHECK(content_for("br") == "<br>");
    CHECK(content_for("gzip, deflate, br, zstd") == "<br>");
    CHECK(content_for("gzip;q=1.0, br;q=0.5") == "<gzip>");
    CHECK(content_for("GZIP") == "<gzip>");
    CHECK(content_for("x-gzip") == "<gzip>");
    CHECK(content_for("*") == "<br>");
    CHECK(content_for("*;q=0.5, br;q=0") == "<gzip>");
    CHECK(content_for("deflate") == kFiles.at("page.css"));
    CHECK(content_for("identity") == kFiles.at("page.css"));
    CHECK(content_for("identity;q=0.9, gzip;q=0.1") == kFiles.at("page.css"));
    CHECK(content_for("gzip;q=0, br;q=0") == kFiles.at("page.css"));
    CHECK(content_for("") == kFiles.at("page.css"));
    CHECK(content_for("gzip;q=nonsense") == kFiles.at("page.css"));
    CHECK(ask("page.css", "").content == kFiles.at("page.css"));
    CHECK(ask("page.css", "Accept-Encoding: deflate\r\nAccept-Encoding: gzip\r\n").content == "<gzip>");
    CHECK(ask("page.css", "Accept-Encoding: identity;q=0, deflate\r\n").status == "406");
    CHECK(ask("page.css", "Accept-Encoding: *;q=0\r\n").status == "406");
    CHECK(ask("only.js", "Accept-Encoding: br\r\n").content == "let x;");
    CHECK(ask("", "Accept-Encoding: br, gzip\r\n").content == "<index br>");
}

TEST_CASE("each form has its own tag, and caches are told that there are several") {
    const Answer plain = ask("only.js", ""), packed = ask("only.js", "Accept-Encoding: gzip\r\n");
    CHECK(plain.vary == "Accept-Encoding");
    CHECK(packed.vary == "Accept-Encoding");
    CHECK(plain.encoding.empty());
    CHECK(packed.encoding == "gzip");
    CHECK(packed.type == plain.type);
    CHECK(plain.etag != packed.etag);
    CHECK(ask("plain.txt", "Accept-Encoding: gzip\r\n").vary.empty());
    const Answer unchanged =
        ask("only.js", "Accept-Encoding: gzip\r\nIf-None-Match: " + packed.etag + "\r\n");
    CHECK(unchanged.status == "304");
    CHECK(unchanged.vary == "Accept-Encoding");
    CHECK(ask("only.js", "If-None-Match: " + packed.etag + "\r\n").status == "200");
    CHECK(ask("only.js", "Accept-Encoding: gzip\r\nRange: bytes=1-2\r\n").content == "js");
    CHECK(ask("nothing", "Accept-Encoding: gzip\r\n").status == "404");
}

TEST_CASE("files say how long they may be kept, and since when they are as they are") {
    const FileOptions options{.cache_control = "public, max-age=60", .last_modified = kNow - 100};
    CHECK(ask("plain.txt", "", {options}).cache == "public, max-age=60");
    CHECK(ask("plain.txt", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", {options}).status ==
          "304");
    CHECK(ask("plain.txt", "If-Modified-Since: Sun, 06 Nov 1994 08:40:00 GMT\r\n", {options}).status ==
          "200");
    CHECK(ask("plain.txt", "").cache.empty());
    CHECK(ask("plain.txt", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n").status == "200");
}

namespace {

std::string log_line(std::string_view request, AccessLog::Format format, Response response) {
    std::string lines;
    AccessLog log(format, [&](std::string_view text) { lines += text; });
    Client client([&](const Request& read) {
        log.record(LogEntry::of("10.0.0.1", read, response, kNow));
        return Response::text("x");
    });
    client.send(request);
    CHECK(lines.empty());
    log.flush();
    log.flush();
    return lines;
}

}  // namespace

TEST_CASE("a line of the access log has the form that everybody reads") {
    const std::string request =
        "GET /a?b=%20 HTTP/1.1\r\nHost: x\r\nReferer: http://y/\r\nUser-Agent: curl/8 \"quoted\" \\ "
        "\xc3\xa4\r\n\r\n";
    CHECK(log_line(request, AccessLog::Format::kCommon, Response::text("12345")) ==
          "10.0.0.1 - - [06/Nov/1994:08:49:37 +0000] \"GET /a?b=%20 HTTP/1.1\" 200 5\n");
    CHECK(log_line(request, AccessLog::Format::kCombined, Response::error(Status::kNotFound, "no")) ==
          "10.0.0.1 - - [06/Nov/1994:08:49:37 +0000] \"GET /a?b=%20 HTTP/1.1\" 404 3 \"http://y/\" "
          "\"curl/8 \\x22quoted\\x22 \\x5C \\xC3\\xA4\"\n");
    CHECK(log_line("HEAD / HTTP/1.0\r\n\r\n", AccessLog::Format::kCombined, Response::text("12345")) ==
          "10.0.0.1 - - [06/Nov/1994:08:49:37 +0000] \"HEAD / HTTP/1.0\" 200 - \"-\" \"-\"\n");
    const auto tagged = [] { return Response::text("0123456789").etag("t"); };
    CHECK(log_line("GET / HTTP/1.1\r\nHost: x\r\nRange: bytes=2-4\r\n\r\n", AccessLog::Format::kCommon,
                   tagged())
              .ends_with("206 3\n"));
    CHECK(log_line("GET / HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"t\"\r\n\r\n", AccessLog::Format::kCommon,
                   tagged())
              .ends_with("304 -\n"));
}

TEST_CASE("a line can wait for the bytes of its content") {
    std::string lines;
    AccessLog log(AccessLog::Format::kCombined, [&](std::string_view text) { lines += text; });
    std::optional<AccessLog::Line> waits;
    Client client([&](const Request& read) {
        if (read.path() == "/slow") {
            waits = log.prepare(LogEntry::of("10.0.0.1", read, Response::text(std::string(5000, 'x')), kNow));
        } else {
            log.record(LogEntry::of("10.0.0.1", read, Response::text("12"), kNow));
        }
        return Response::text("x");
    });
    for (const char* path : {"/a", "/slow", "/b"})
        client.send("GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\nUser-Agent: me\r\n\r\n");
    REQUIRE(waits);
    log.record(*waits, 1234);
    log.record(*waits, 0);
    log.flush();
    const std::string head = "10.0.0.1 - - [06/Nov/1994:08:49:37 +0000] \"GET ";
    CHECK(lines == head + "/a HTTP/1.1\" 200 2 \"-\" \"me\"\n" + head + "/b HTTP/1.1\" 200 2 \"-\" \"me\"\n" +
                       head + "/slow HTTP/1.1\" 200 1234 \"-\" \"me\"\n" + head +
                       "/slow HTTP/1.1\" 200 - \"-\" \"me\"\n");
}

TEST_CASE("the log hands over whole lines, however long clients make them") {
    std::vector<std::string> handed;
    AccessLog log(AccessLog::Format::kCombined, [&](std::string_view lines) { handed.emplace_back(lines); });
    Client client([&](const Request& request) {
        log.record(LogEntry::of("fd00::1", request, Response::text("x"), kNow));
        return Response::text("x");
    });
    for (int i = 0; i < 40; ++i) {
        const std::string long_part(std::size_t(i) * 97, i % 2 == 0 ? 'a' : '"');
        client.send("GET /" + std::string(std::size_t(i) * 90, 'p') + " HTTP/1.1\r\nHost: x\r\nReferer: " +
                    long_part + "\r\nUser-Agent: " + long_part + "\r\n\r\n");
        log.record({.client = "10.0.0.2", .status = Status::kBadRequest, .unix_seconds = kNow});
    }
    log.flush();
    std::size_t lines = 0;
    for (const std::string& part : handed) {
        CHECK(part.size() <= AccessLog::kCapacity);
        CHECK(part.ends_with('\n'));
        lines += std::size_t(std::ranges::count(part, '\n'));
    }
    CHECK(client.requests == 40);
    CHECK(lines == 80);
    CHECK(handed.back().ends_with("10.0.0.2 - - [06/Nov/1994:08:49:37 +0000] \"-\" 400 - \"-\" \"-\"\n"));
}
