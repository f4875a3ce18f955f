#include <string>

#include <doctest/doctest.h>

#include "tests/support/stack_pair.h"

using namespace holm;
using namespace holm::net;
using namespace holm::net::testing;

namespace {

std::string read_all(tcp::Connection& connection) {
    std::string text;
    while (!connection.readable().empty()) {
        text += as_text(connection.readable());
        connection.consume(connection.readable().size());
    }
    return text;
}

void echo_over(StackPair& pair, int client, int server, IpAddress address) {
    auto listener = *pair[server].tcp().listen({IpAddress::any_v4(), 7}, 8);
    auto outgoing = *pair[client].tcp().connect(pair.now, {address, 7});
    pair.run();
    auto incoming = listener->accept();
    REQUIRE(incoming);
    const std::string text(100'000, 'z');
    REQUIRE(*outgoing->send(as_bytes(text)) == text.size());
    std::string heard;
    for (int i = 0; i < 50 && heard.size() < text.size(); ++i) {
        pair.wait(Duration::milliseconds(10));
        heard += read_all(*incoming);
    }
    CHECK(heard == text);
    REQUIRE(*incoming->send(as_bytes("answer")) == 6);
    pair.run();
    CHECK(read_all(*outgoing) == "answer");
    outgoing->close();
    pair.run();
    CHECK(incoming->end_of_stream());
    incoming->close();
    pair.run();
}

}  // namespace

TEST_CASE("two stacks talk TCP over a plain link") {
    StackPair pair;
    echo_over(pair, 0, 1, StackPair::address(1));
}

TEST_CASE("two stacks talk TCP over a link with offloads: no checksum is computed, segments are large") {
    StackPair pair({.mtu = 1500, .checksum = true, .tcp4_segmentation = true});
    echo_over(pair, 0, 1, StackPair::address(1));
}

TEST_CASE("a stack talks TCP to itself") {
    StackPair pair;
    echo_over(pair, 0, 0, IpAddress::v4(127, 0, 0, 1));
    echo_over(pair, 1, 1, StackPair::address(1));
}

TEST_CASE("a connection to a host that does not exist fails with host unreachable") {
    StackPair pair;
    auto connection = *pair[0].tcp().connect(pair.now, {IpAddress::v4(10, 0, 0, 77), 7});
    pair.wait(Duration::seconds(200));
    REQUIRE(connection->error());
    CHECK_FALSE(connection->is_connecting());
}

TEST_CASE("a full device holds TCP back, and it goes on when there is room") {
    StackPair pair;
    auto listener = *pair[1].tcp().listen({IpAddress::any_v4(), 7}, 8);
    auto outgoing = *pair[0].tcp().connect(pair.now, {StackPair::address(1), 7});
    pair.run();
    auto incoming = listener->accept();
    REQUIRE(incoming);
    pair.sides[0].device.room = 0;
    REQUIRE(outgoing->send(as_bytes("held back")));
    pair.run();
    CHECK(incoming->readable().empty());
    pair.sides[0].device.room = 1000;
    pair.run();
    CHECK(read_all(*incoming) == "held back");
}
