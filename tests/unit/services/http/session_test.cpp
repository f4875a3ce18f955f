#include "services/http/session.h"

#include <string>

#include <doctest/doctest.h>

#include "client.h"

using namespace holm;
using namespace holm::http;

namespace {

Response echo(const Request& request) {
    return Response::text(std::string(request.path()) + "|" + std::string(request.text()));
}

const std::string kGet = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
const std::string kPost = "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
const std::string kChunked =
    "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";

std::string ok(std::string_view content, std::string_view more = "") {
    return "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: text/plain; "
           "charset=utf-8\r\n"
           "Content-Length: " +
           std::to_string(content.size()) + "\r\n" + std::string(more) + "\r\n" + std::string(content);
}

}  // namespace

TEST_CASE("a request in one piece is answered in one piece, and the connection goes on") {
    Client client(echo);
    CHECK(client.send(kGet) == ok("/a|"));
    CHECK(client.send(kPost) == ok("/b|hello"));
    CHECK(client.send(kChunked) == ok("/c|abcde"));
    CHECK(client.session.idle());
    CHECK_FALSE(client.session.shuts_down());
}

TEST_CASE("pipelined requests are answered in order, however they are cut") {
    const std::string all = kGet + kChunked + kPost + "\r\n" + kGet;
    const std::string expected = ok("/a|") + ok("/c|abcde") + ok("/b|hello") + ok("/a|");
    for (std::size_t cut = 0; cut < all.size(); ++cut) {
        for (const bool keep : {false, true}) {
            CAPTURE(cut);
            Client client(echo);
            client.keep = keep;
            REQUIRE(client.send(all, cut) == expected);
            REQUIRE(client.session.idle());
        }
    }
}

TEST_CASE("a hundred pipelined requests do not exceed the output block") {
    Client client(echo);
    std::string all;
    std::string expected;
    for (int i = 0; i < 100; ++i) {
        all += kGet;
        expected += ok("/a|");
    }
    CHECK(client.receive(0) == false);
    CHECK(client.send(all) == expected);
    CHECK(client.requests == 100);
}

TEST_CASE("a peer that does not read stops the session from reading") {
    Client client([](const Request&) { return Response::text(std::string(1000, 'x')); });
    std::string all;
    for (int i = 0; i < 100; ++i) all += kGet;
    std::string input = all;
    while (client.session.wants_input() && !input.empty()) {
        auto [consumed, request, refused] = client.session.receive(client.time, as_bytes(input));
        if (request != nullptr) client.session.respond(client.time, Response::text(std::string(1000, 'x')));
        input.erase(0, consumed);
    }
    CHECK(input.size() > all.size() * 9 / 10);
    client.drain();
    CHECK(client.session.wants_input());
}

TEST_CASE("the connection ends when the client asks for it") {
    Client client(echo);
    CHECK(client.send("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" + kGet) ==
          ok("/a|", "Connection: close\r\n"));
    CHECK(client.session.shuts_down());
    CHECK(client.requests == 1);
    client.session.end_of_input();
    CHECK(client.session.closed());

    Client old(echo);
    CHECK(old.send("GET /a HTTP/1.0\r\n\r\n") == ok("/a|", "Connection: close\r\n"));
    Client kept(echo);
    CHECK(kept.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n") ==
          ok("/a|", "Connection: keep-alive\r\n"));
    CHECK(kept.session.idle());
}

TEST_CASE("HEAD gets the head of GET and nothing behind it") {
    Client client(echo);
    const std::string whole = ok("/a|");
    CHECK(client.send("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n") == whole.substr(0, whole.size() - 3));
    CHECK(client.session.idle());
}

TEST_CASE("a malformed request gets its status and ends the connection after a moment") {
    Client client(echo);
    const std::string answer = client.send(kGet + "GET / HTTP/1.1\r\n\r\n" + kGet);
    CHECK(answer.starts_with(ok("/a|")));
    CHECK(answer.contains("HTTP/1.1 400 Bad Request\r\n"));
    CHECK(answer.contains("Connection: close\r\n"));
    CHECK(answer.ends_with("\r\n\r\nHTTP/1.1 without Host"));
    CHECK(client.requests == 1);
    CHECK(client.session.shuts_down());
    CHECK(client.send("more").empty());
    client.wait(Duration::seconds(3));
    CHECK(client.session.closed());
}

TEST_CASE("a peer that floods a closing connection is cut off") {
    Client client(echo);
    client.send("garbage\r\n");
    REQUIRE(client.session.shuts_down());
    client.send(std::string(300'000, 'x'));
    CHECK(client.session.closed());
}

TEST_CASE("Expect: 100-continue") {
    Client client(echo);
    const std::string head =
        "POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    CHECK(client.send(head) == "HTTP/1.1 100 Continue\r\n\r\n");
    CHECK(client.send("hello") == ok("/b|hello"));
    CHECK(client.send(head + "hello") == ok("/b|hello"));
    CHECK(client.send(head + "he") == "");
    CHECK(client.send("llo") == ok("/b|hello"));
    Limits small;
    small.body = 4;
    Client refused(echo, small);
    CHECK(refused.send(head).starts_with("HTTP/1.1 413 Content Too Large\r\n"));
}

TEST_CASE("referenced content is sent from where it lies") {
    static const std::string content(100'000, 'z');
    Client client([](const Request&) { return Response::reference(as_bytes(content), "text/plain"); });
    client.write_size = 777;
    const std::string answer = client.send(kGet + kGet);
    CHECK(answer.size() > 200'000);
    CHECK(answer.ends_with("\r\n\r\n" + content));
    CHECK(client.referenced == 200'000);
    CHECK(client.session.idle());
}

TEST_CASE("streams are chunked for HTTP/1.1 and end with the connection for HTTP/1.0") {
    const auto make_stream = [](const Request&) {
        return Response::stream("text/plain", [left = 3](MutableBytes buffer) mutable {
            if (left-- == 0) return std::size_t{0};
            const std::size_t size = left == 1 ? buffer.size() : 5;
            std::memset(buffer.data(), 'a' + left, size);
            return size;
        });
    };
    Client client(make_stream);
    const std::string answer = client.send(kGet + kGet);
    const std::string full(8179, 'b');
    const std::string body = "5\r\nccccc\r\n1ff3\r\n" + full + "\r\n5\r\naaaaa\r\n0\r\n\r\n";
    CHECK(answer.ends_with("\r\nTransfer-Encoding: chunked\r\n\r\n" + body));
    CHECK(answer.find("0\r\n\r\nHTTP/1.1 200 OK\r\n") != answer.npos);
    CHECK(client.session.idle());
    CHECK(client.send("HEAD / HTTP/1.1\r\nHost:\r\n\r\n").ends_with("chunked\r\n\r\n"));

    Client old(make_stream);
    const std::string raw = old.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    CHECK(raw.ends_with("Connection: close\r\n\r\nccccc" + full + "aaaaa"));
    CHECK(old.session.shuts_down());
}

TEST_CASE("a head larger than the output block is sent, too") {
    Client client([](const Request&) {
        return Response::text("end")
            .header("X-Large", std::string(20'000, 'v'))
            .header("X-Evil", "a\r\nSet-Cookie: b");
    });
    client.write_size = 1000;
    const std::string answer = client.send(kGet + kGet);
    CHECK(answer.size() > 40'000);
    CHECK(answer.ends_with("\r\nX-Evil: a  Set-Cookie: b\r\n\r\nend"));
    CHECK(client.session.idle());
}

TEST_CASE("deadlines: first byte, idle, slow head, slow content, slow reader") {
    {
        Client client(echo);
        client.wait(Duration::seconds(9));
        CHECK_FALSE(client.session.shuts_down());
        client.wait(Duration::seconds(1));
        CHECK(client.session.shuts_down());
        CHECK(client.send("GET").empty());
        client.wait(Duration::seconds(2));
        CHECK(client.session.closed());
    }
    {
        Client client(echo);
        client.send(kGet);
        client.wait(Duration::seconds(59));
        CHECK(client.session.idle());
        client.wait(Duration::seconds(1));
        CHECK(client.session.shuts_down());
    }
    {  // one byte a second is not enough for a head
        Client client(echo);
        std::string answer;
        for (std::size_t i = 0; i < kGet.size() && answer.empty(); ++i) {
            client.send(kGet.substr(i, 1));
            client.wait(Duration::seconds(1));
            client.drain();
            answer = client.take();
        }
        CHECK(answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"));
        CHECK(client.session.shuts_down());
    }
    {  // nor for content, but 2 KiB a second are
        Client client(echo);
        client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
        for (int i = 0; i < 40; ++i) {
            client.send(std::string(2048, 'x'));
            client.wait(Duration::seconds(1));
        }
        CHECK(client.take().empty());
        CHECK_FALSE(client.session.idle());
        std::string answer;
        for (int i = 0; i < 60; ++i) {
            answer += client.send("x");
            client.wait(Duration::seconds(1));
        }
        CHECK(answer.starts_with("HTTP/1.1 408 "));
    }
    {  // a quick start is no licence to stop
        Client client(echo);
        client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" +
                    std::string(99'999, 'x'));
        client.wait(Duration::seconds(10));
        client.drain();
        CHECK(client.take().starts_with("HTTP/1.1 408 "));
    }
    {  // a peer that reads a byte a second is dropped
        static const std::string content(100'000, 'z');
        Client client([](const Request&) { return Response::reference(as_bytes(content), "text/plain"); });
        std::string input = kGet;
        auto [consumed, request, refused] = client.session.receive(client.time, as_bytes(input));
        REQUIRE(request != nullptr);
        client.session.respond(client.time, Response::reference(as_bytes(content), "text/plain"));
        for (int i = 0; i < 20; ++i) {
            client.drain(1);
            client.wait(Duration::seconds(1));
        }
        CHECK(client.session.closed());
    }
}

TEST_CASE("an orderly stop finishes what was started") {
    Client idle(echo);
    idle.session.stop(idle.time);
    CHECK(idle.session.shuts_down());

    Client busy(echo);
    busy.send(kPost.substr(0, kPost.size() - 2));
    busy.session.stop(busy.time);
    CHECK_FALSE(busy.session.closed());
    CHECK(busy.send("lo") == ok("/b|hello", "Connection: close\r\n"));
    CHECK(busy.session.shuts_down());
}

TEST_CASE("a peer that has closed its side still gets its answer") {
    Client client([&](const Request& request) { return echo(request); });
    auto [consumed, request, refused] = client.session.receive(client.time, as_bytes(kGet));
    REQUIRE(request != nullptr);
    client.session.end_of_input();
    client.session.respond(client.time, echo(*request));
    client.drain();
    CHECK(client.take() == ok("/a|", "Connection: close\r\n"));
    CHECK(client.session.closed());

    Client partial(echo);
    partial.send("GET /");
    partial.session.end_of_input();
    CHECK(partial.session.closed());
}

TEST_CASE("paths are decoded once and traps in them are refused") {
    Client client(echo);
    CHECK(client.send("GET /%61%2Db/.well-known/%C3%A4 HTTP/1.1\r\nHost: x\r\n\r\n") ==
          ok("/a-b/.well-known/\xc3\xa4|"));
    for (const std::string path : {"/a/../b", "/..", "/.", "/a/.", "/%2e%2e/a", "/.%2E", "/a%2Fb", "/a%5cb",
                                   "/%00", "/%0a", "/%7f", "/a/./b"}) {
        CAPTURE(path);
        Client other(echo);
        CHECK(other.send("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 400 "));
        Client cut(echo);
        CHECK(cut.send("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n", 1).starts_with("HTTP/1.1 400 "));
    }
}
