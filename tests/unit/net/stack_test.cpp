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

// ARP messages and neighbour solicitations.
bool asks_for_neighbor(const Frame& frame) {
    constexpr std::size_t kNextHeader = 14 + 6;
    constexpr std::size_t kIcmpType = 14 + 40;
    const auto header = wire::EthernetHeader::parse(frame);
    if (header->type == wire::kEtherTypeArp) return true;
    return header->type == wire::kEtherTypeIpv6 && frame.size() > kIcmpType &&
           frame[kNextHeader] == std::byte{58} && frame[kIcmpType] == std::byte{135};
}

// Carries frames until both are silent; returns how many asked for a neighbour.
int run_and_count(StackPair& pair) {
    int asked = 0;
    for (bool any = true; any;) {
        any = false;
        for (int i = 0; i < 2; ++i) {
            pair[i].transmit(pair.now);
            StackPair::Side& other = pair.sides[1 - i];
            while (!pair.sides[i].device.frames.empty()) {
                const Frame frame = pair.sides[i].device.take();
                asked += asks_for_neighbor(frame);
                other.stack->receive(pair.now, *other.interface,
                                     {frame, pair.sides[i].device.offload, nullptr});
                any = true;
            }
        }
    }
    return asked;
}

void echo_over(StackPair& pair, int client, int server, IpAddress address) {
    auto listener = *pair[server].tcp().listen({IpAddress(), 7}, 8);
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

TEST_CASE("two stacks talk TCP over IPv6, by a global address and by one of the link's") {
    StackPair pair({}, true);
    echo_over(pair, 0, 1, StackPair::address_v6(1));
    const IpAddress scoped = pair.sides[1].interface->ipv6().link_local();
    echo_over(pair, 0, 1, scoped.with_zone(pair.sides[0].interface->zone()));
    echo_over(pair, 0, 1, scoped.without_zone());  // there is but one link
    echo_over(pair, 0, 1, StackPair::address(1));  // the listener hears both families
}

TEST_CASE("over a link with offloads IPv6 segments are large too") {
    StackPair pair({.mtu = 1500, .checksum = true, .tcp6_segmentation = true}, true);
    auto listener = *pair[1].tcp().listen({IpAddress(), 7}, 8);
    auto outgoing = *pair[0].tcp().connect(pair.now, {StackPair::address_v6(1), 7});
    pair.run();
    const std::string text(10'000, 'z');
    REQUIRE(*outgoing->send(as_bytes(text)) == text.size());
    pair[0].transmit(pair.now);
    const Frame frame = pair.sides[0].device.take();
    CHECK(frame.size() == 14 + 40 + 32 + 10'000);
    CHECK(pair.sides[0].device.offload.segmentation == Segmentation::kTcp6);
    CHECK(pair.sides[0].device.offload.checksum_start == 54);
    CHECK(pair.sides[0].device.offload.segment_size == 1500 - 40 - 32);
    echo_over(pair, 1, 0, StackPair::address_v6(0));
}

TEST_CASE("who listens on an address of one family does not hear the other") {
    StackPair pair({}, true);
    auto v4 = *pair[1].tcp().listen({IpAddress::any_v4(), 7}, 8);
    auto refused = *pair[0].tcp().connect(pair.now, {StackPair::address_v6(1), 7});
    pair.run();
    CHECK(refused->error()->code == ErrorCode::kConnectionRefused);
    CHECK_FALSE(pair[1].tcp().listen({IpAddress(), 7}, 8));
    auto v6 = pair[1].tcp().listen({IpAddress(), 7}, 8, true);
    REQUIRE(v6);
    auto heard = *pair[0].tcp().connect(pair.now, {StackPair::address_v6(1), 7});
    auto also = *pair[0].tcp().connect(pair.now, {StackPair::address(1), 7});
    pair.run();
    CHECK((*v6)->accept());
    CHECK(v4->accept());
    auto socket = *pair[1].udp().open();
    socket->set_only_v6(true);
    REQUIRE(socket->bind({{}, 9}));
    auto other = *pair[1].udp().open();
    CHECK(other->bind({IpAddress::any_v4(), 9}));
}

TEST_CASE("UDP goes over IPv6, but not without a checksum") {
    StackPair pair({}, true);
    auto server = *pair[1].udp().open();
    REQUIRE(server->bind({{}, 9}));
    auto client = *pair[0].udp().open();
    REQUIRE(client->connect({StackPair::address_v6(1), 9}));
    REQUIRE(client->send(pair.now, as_bytes("over six")));
    pair.run();
    const auto datagram = server->front();
    REQUIRE(datagram);
    CHECK(datagram->source == client->local());
    CHECK(as_text(datagram->payload) == "over six");
    server->pop();
    REQUIRE(client->send(pair.now, as_bytes("over six")));
    Frame frame = pair.sides[0].device.take();
    frame[14 + 40 + 6] = frame[14 + 40 + 7] = std::byte{0};
    pair[1].receive(pair.now, *pair.sides[1].interface, {frame, {}, nullptr});
    CHECK_FALSE(server->front());
}

TEST_CASE("a stack talks to itself over IPv6") {
    StackPair pair({}, true);
    echo_over(pair, 0, 0, IpAddress::loopback_v6());
    echo_over(pair, 0, 0, StackPair::address_v6(0));
    echo_over(pair, 0, 0, pair.sides[0].interface->ipv6().link_local());
}

TEST_CASE("a stack talks TCP to itself") {
    StackPair pair;
    echo_over(pair, 0, 0, IpAddress::v4(127, 0, 0, 1));
    echo_over(pair, 1, 1, StackPair::address(1));
}

TEST_CASE("a connection to a host that does not exist fails with host unreachable") {
    for (const bool v6 : {false, true}) {
        CAPTURE(v6);
        StackPair pair({}, v6);
        const IpAddress nobody = v6 ? IpAddress::v6({0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 77})
                                    : IpAddress::v4(10, 0, 0, 77);
        auto connection = *pair[0].tcp().connect(pair.now, {nobody, 7});
        pair.wait(Duration::seconds(200));
        REQUIRE(connection->error());
        CHECK(connection->error()->code == ErrorCode::kHostUnreachable);
        CHECK_FALSE(connection->is_connecting());
    }
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

TEST_CASE("what TCP has had acknowledged keeps neighbours reachable (RFC 4861, section 7.3.1)") {
    for (const bool v6 : {false, true}) {
        CAPTURE(v6);
        StackPair pair({}, v6);
        auto listener = *pair[1].tcp().listen({IpAddress(), 7}, 8);
        const IpAddress address = v6 ? StackPair::address_v6(1) : StackPair::address(1);
        auto client = *pair[0].tcp().connect(pair.now, {address, 7});
        pair.run();
        auto server = listener->accept();
        REQUIRE(server);
        pair.wait(Duration::seconds(5));  // addresses are announced
        // A message a second each way for five minutes: in use all the time, and asked for by nobody.
        int asked = 0;
        for (int second = 0; second < 300; ++second) {
            REQUIRE(*client->send(as_bytes("x")) == 1);
            REQUIRE(*server->send(as_bytes("y")) == 1);
            asked += run_and_count(pair);
            pair.now = pair.now + Duration::seconds(1);
            CHECK(read_all(*server) == "x");
            CHECK(read_all(*client) == "y");
        }
        CHECK(asked <= (v6 ? 1 : 0));  // the first probe may be due before the first acknowledgment
        client->abort();
        server->abort();
        pair.run();
    }
}
