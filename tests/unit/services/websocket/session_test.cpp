// What a server makes of a client's frames. The cases are those of RFC 6455 sections 5 to 8, in the order in
// which the Autobahn suite asks for them: framing, pings, reserved bits, opcodes, fragmentation, UTF-8,
// closing, limits.

#include "services/websocket/session.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "frames.h"

using namespace holm;
using namespace holm::websocket;
using namespace holm::websocket::testing;

namespace {

using Event = Session::Event;

// Feeds a client's bytes, `cut` at a time, and writes down what happens: "text:…", "binary:…", "pong",
// "reply:…" with the bytes of the frame, "closed:code".
std::vector<std::string> hear(std::string_view input, std::size_t cut = 0, std::size_t most = 100'000) {
    Session session(most);
    std::vector<std::string> heard;
    std::size_t visible = cut == 0 ? input.size() : 0;
    while (true) {
        visible = cut == 0 ? input.size() : std::min(input.size(), visible + cut);
        const std::string given(input.substr(0, visible));  // so that ASan sees a view that outlives it
        const auto [consumed, event] = session.receive(as_bytes(given));
        REQUIRE(consumed <= given.size());
        input.remove_prefix(consumed);
        visible -= consumed;
        if (event == Event::kMessage)
            heard.push_back((session.is_text() ? "text:" : "binary:") +
                            std::string(as_text(session.message())));
        if (event == Event::kPong) heard.emplace_back("pong");
        if (!session.reply().empty()) heard.push_back("reply:" + std::string(as_text(session.reply())));
        if (event == Event::kClosed) {
            heard.push_back("closed:" + std::to_string(int(session.close_code())));
            CHECK(session.close_sent());
            return heard;
        }
        if (event == Event::kNone && (input.empty() || (cut == 0 && consumed == 0))) return heard;
    }
}

// The same outcome however the bytes are cut.
std::vector<std::string> hear_all_ways(const std::string& input) {
    const auto whole = hear(input);
    for (const std::size_t cut : {1, 2, 3, 5, 7, 13}) {
        CAPTURE(cut);
        CHECK(hear(input, cut) == whole);
    }
    return whole;
}

using Heard = std::vector<std::string>;

// The code with which a client is told that it broke a rule.
int violation(const std::string& input, std::size_t most = 100'000) {
    const auto heard = hear(input, 0, most);
    REQUIRE(heard.size() >= 2);
    const std::string& reply = heard[heard.size() - 2];
    REQUIRE(reply.starts_with("reply:\x88"));
    const int code = (static_cast<unsigned char>(reply[8]) << 8) | static_cast<unsigned char>(reply[9]);
    CHECK(heard.back() == "closed:" + std::to_string(code));
    return code;
}

std::string text_frame(std::string_view text) {
    return client_frame(0x81, text);
}

}  // namespace

TEST_CASE("messages of every length arrive whole") {
    for (const std::size_t size : {0, 1, 124, 125, 126, 127, 128, 65'535, 65'536, 65'537, 99'999}) {
        CAPTURE(size);
        const std::string content(size, '*');
        CHECK(hear(text_frame(content)) == Heard{"text:" + content});
        CHECK(hear(client_frame(0x82, content), 997) == Heard{"binary:" + content});
    }
    CHECK(hear_all_ways(text_frame("one") + text_frame("") + client_frame(0x82, "two")) ==
          Heard{"text:one", "text:", "binary:two"});
}

TEST_CASE("pings are answered with what they carry, between fragments too; pongs need no answer") {
    const std::string most(125, 'p');
    CHECK(hear_all_ways(client_frame(0x89, "")) == Heard{std::string("reply:\x8a\0", 8)});
    CHECK(hear_all_ways(client_frame(0x89, "hello")) == Heard{"reply:\x8a\x05hello"});
    CHECK(hear(client_frame(0x89, most)) == Heard{"reply:\x8a\x7d" + most});
    CHECK(violation(client_frame(0x89, most + "p")) == 1002);
    CHECK(hear_all_ways(client_frame(0x8a, "unasked") + text_frame("x")) == Heard{"pong", "text:x"});
    CHECK(hear_all_ways(client_frame(0x01, "frag") + client_frame(0x89, "?") + client_frame(0x80, "ment")) ==
          Heard{"reply:\x8a\x01?", "text:fragment"});
    CHECK(hear_all_ways(client_frame(0x01, "a") + client_frame(0x8a, "") + client_frame(0x80, "b")) ==
          Heard{"pong", "text:ab"});
}

TEST_CASE("reserved bits and opcodes, frames without a mask and wasteful lengths are refused") {
    for (const unsigned first : {0xc1u, 0xa1u, 0x91u, 0xf1u, 0xc9u, 0x83u, 0x84u, 0x85u, 0x86u, 0x87u, 0x8bu,
                                 0x8cu, 0x8du, 0x8eu, 0x8fu, 0x03u, 0x0bu}) {
        CAPTURE(first);
        CHECK(violation(client_frame(first, "x")) == 1002);
        CHECK(violation(text_frame("before") + client_frame(first, "")) == 1002);
    }
    CHECK(violation(client_frame(0x81, "x", false)) == 1002);
    CHECK(violation(client_frame(0x89, "", false)) == 1002);
    const std::string mask(4, '\0');
    CHECK(violation(std::string("\x81\xfe\0\x7d", 4) + mask + std::string(125, 'x')) == 1002);
    CHECK(violation(std::string("\x81\xff\0\0\0\0\0\0\xff\xff", 10) + mask) == 1002);
    CHECK(violation(std::string("\x82\xff\x80\0\0\0\0\1\0\0", 10) + mask) == 1002);
}

TEST_CASE("fragments make one message, in their order and without another between") {
    CHECK(hear_all_ways(client_frame(0x01, "a") + client_frame(0x00, "b") + client_frame(0x80, "c")) ==
          Heard{"text:abc"});
    CHECK(hear_all_ways(client_frame(0x02, "") + client_frame(0x00, "") + client_frame(0x80, "")) ==
          Heard{"binary:"});
    CHECK(hear(client_frame(0x01, "a")) == Heard{});
    CHECK(violation(client_frame(0x80, "nothing before")) == 1002);
    CHECK(violation(client_frame(0x00, "nothing before")) == 1002);
    CHECK(violation(client_frame(0x01, "a") + text_frame("b")) == 1002);
    CHECK(violation(client_frame(0x01, "a") + client_frame(0x80, "b") + client_frame(0x80, "c")) == 1002);
    for (const unsigned control : {0x08u, 0x09u, 0x0au}) CHECK(violation(client_frame(control, "")) == 1002);
}

TEST_CASE("text is UTF-8 as a whole, whatever its fragments are") {
    CHECK(hear_all_ways(text_frame("\xce\xba\xf0\x9f\x8f\x9d")) == Heard{"text:\xce\xba\xf0\x9f\x8f\x9d"});
    CHECK(hear_all_ways(client_frame(0x01, "\xf0\x9f") + client_frame(0x80, "\x8f\x9d")) ==
          Heard{"text:\xf0\x9f\x8f\x9d"});
    for (const char* bad : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "ok \x80"}) {
        CHECK(violation(text_frame(bad)) == 1007);
        CHECK(hear(client_frame(0x82, bad)) == Heard{std::string("binary:") + bad});
    }
    CHECK(violation(client_frame(0x01, "\xe2\x82") + client_frame(0x80, "(")) == 1007);
}

TEST_CASE("a close is answered with its code, unless the code is none") {
    CHECK(hear_all_ways(client_frame(0x88, "")) == Heard{std::string("reply:\x88\0", 8), "closed:1005"});
    CHECK(hear_all_ways(close_frame(1000, "done")) == Heard{"reply:\x88\x02\x03\xe8", "closed:1000"});
    for (const unsigned code : {1000u, 1001u, 1002u, 1003u, 1007u, 1008u, 1009u, 1010u, 1011u, 1012u, 1013u,
                                1014u, 3000u, 3999u, 4000u, 4999u})
        CHECK(hear(close_frame(code)).back() == "closed:" + std::to_string(code));
    for (const unsigned code :
         {0u, 999u, 1004u, 1005u, 1006u, 1015u, 1016u, 1100u, 2000u, 2999u, 5000u, 65535u}) {
        CAPTURE(code);
        CHECK(violation(close_frame(code)) == 1002);
    }
    CHECK(violation(client_frame(0x88, "\x03")) == 1002);
    CHECK(violation(close_frame(1000, "\xff")) == 1007);
    CHECK(hear(close_frame(1000, std::string(123, 'r'))).back() == "closed:1000");
    CHECK(violation(close_frame(1000, std::string(124, 'r'))) == 1002);
    CHECK(hear(close_frame(1000) + text_frame("after the end")) ==
          Heard{"reply:\x88\x02\x03\xe8", "closed:1000"});
    Session session(10);
    REQUIRE(session.receive(as_bytes(close_frame(1001, "reason"))).event == Event::kClosed);
    CHECK(session.close_reason() == "reason");
    CHECK(session.receive(as_bytes("more")).consumed == 4);
    CHECK(session.close(CloseCode::kNormal).empty());
}

TEST_CASE("our close is sent once, and the peer's answer ends it") {
    Session session(100);
    CHECK(as_text(session.close(CloseCode::kGoingAway, "bye")) ==
          "\x88\x05\x03\xe9"
          "bye");
    CHECK(session.close(CloseCode::kNormal).empty());
    CHECK(session.receive(as_bytes(text_frame("late"))).event == Event::kMessage);
    CHECK(session.receive(as_bytes(client_frame(0x89, "?"))).event == Event::kNone);
    CHECK(session.reply().empty());
    CHECK(session.receive(as_bytes(close_frame(1001))).event == Event::kClosed);
    CHECK(session.reply().empty());
    Session other(100);
    CHECK(as_text(other.close(CloseCode::kNoStatus)) == std::string_view("\x88\0", 2));
    Session wordy(100);
    const std::string umlauts = std::string(122, 'x') + "\xc3\xa4";
    CHECK(wordy.close(CloseCode::kNormal, umlauts).size() == 2 + 2 + 122);
}

TEST_CASE("a message is at most as long as allowed, and its frame's head is enough to tell") {
    CHECK(hear(text_frame(std::string(10, 'x')), 0, 10) == Heard{"text:xxxxxxxxxx"});
    CHECK(violation(text_frame(std::string(11, 'x')).substr(0, 6), 10) == 1009);
    CHECK(violation(client_frame(0x01, "123456") + client_frame(0x00, "78901"), 10) == 1009);
    CHECK(violation(std::string("\x82\xff\0\0\xff\xff\xff\xff\xff\xff", 10) + std::string(4, '\0'), 10) ==
          1009);
    CHECK(hear(text_frame(std::string(10, 'x')) + text_frame(std::string(10, 'y')), 3, 10) ==
          Heard{"text:xxxxxxxxxx", "text:yyyyyyyyyy"});
}
