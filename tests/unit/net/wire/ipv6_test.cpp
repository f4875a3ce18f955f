// The IPv6 header and the chain of extension headers behind it (RFC 8200).

#include <doctest/doctest.h>

#include "net/wire/ipv6_extensions.h"
#include "tests/support/fake_link_v6.h"

using namespace holm;
using namespace holm::net;
using namespace holm::net::testing;
using wire::ExtensionProblem;
using Answer = ExtensionProblem::Answer;

namespace {

Frame bytes(std::initializer_list<int> values) {
    Frame frame;
    for (const int value : values) frame.push_back(std::byte(value));
    return frame;
}

// An options header: what follows, its options, filled up with a PadN or Pad1.
Frame options(std::uint8_t next, const Frame& content) {
    Frame header = bytes({next, 0}) + content;
    const std::size_t missing = (8 - header.size() % 8) % 8;
    if (missing == 1) header.push_back(std::byte{0});
    if (missing > 1) {
        header = header + bytes({1, int(missing) - 2});
        header.resize(header.size() + missing - 2);
    }
    header[1] = std::byte(header.size() / 8 - 1);
    return header;
}

auto walk(std::uint8_t first, const Frame& chain) {
    wire::Ipv6Header header;
    header.next_header = first;
    header.source = parsed("fd00::1");
    header.destination = parsed("fd00::2");
    static Frame packet;
    packet = ipv6_packet(header, chain + bytes_of("transport header and all"));
    return wire::walk_extensions(packet, first, wire::Ipv6Header::kSize);
}

}  // namespace

TEST_CASE("a header is written as it is read") {
    wire::Ipv6Header header;
    header.payload_length = 5;
    header.next_header = 17;
    header.hop_limit = 3;
    header.traffic_class = 0xb9;
    header.flow_label = 0xabcde;
    header.source = parsed("fd00::1");
    header.destination = parsed("2001:db8::2");
    Frame packet(45);
    header.emit(packet);
    const auto read = wire::Ipv6Header::parse(packet);
    REQUIRE(read);
    CHECK(read->total_length() == 45);
    CHECK(read->traffic_class == 0xb9);
    CHECK(read->flow_label == 0xabcde);
    CHECK(read->source == header.source);
    CHECK(read->destination == header.destination);

    packet.pop_back();
    CHECK(wire::Ipv6Header::parse(packet).error() == Drop::kTruncated);
    packet[0] = std::byte{0x40};
    CHECK(wire::Ipv6Header::parse(packet).error() == Drop::kBadVersion);
    header.source = parsed("::ffff:127.0.0.1");
    Frame deceiving(45);
    header.emit(deceiving);
    CHECK(wire::Ipv6Header::parse(deceiving).error() == Drop::kBadSource);
}

TEST_CASE("a chain is walked to its end") {
    const auto plain = walk(6, {});
    REQUIRE(plain);
    CHECK(plain->protocol == 6);
    CHECK(plain->protocol_position == 6);
    CHECK(plain->end == 40);
    const auto chain = walk(0, options(60, {}) + options(17, bytes({0x1e, 2, 9, 9})));
    REQUIRE(chain);
    CHECK(chain->protocol == 17);
    CHECK(chain->end == 56);
    CHECK(chain->protocol_position == 48);
    const auto routed = walk(43, bytes({6, 0, 4, 0, 0, 0, 0, 0}));  // nothing left to visit
    REQUIRE(routed);
    CHECK(routed->protocol == 6);
    const auto lone = walk(44, bytes({6, 0, 0, 0, 0, 0, 0, 7}));  // RFC 6946
    REQUIRE(lone);
    CHECK(lone->protocol == 6);
    CHECK_FALSE(lone->fragment);
    const auto piece = walk(44, bytes({6, 0, 0, 9, 0, 0, 0, 7}));
    REQUIRE(piece);
    REQUIRE(piece->fragment);
    CHECK(piece->fragment->more);
    CHECK(piece->fragment->offset == 8);
    CHECK(piece->fragment->identification == 7);
}

TEST_CASE("unknown options are treated as their upper bits say") {
    CHECK(walk(60, options(6, bytes({0x1e, 0}))));
    CHECK(walk(60, options(6, bytes({0x5e, 0}))).error().answer == Answer::kNone);
    const auto tell = walk(60, options(6, bytes({0x9e, 0}))).error();
    CHECK(tell.answer == Answer::kUnrecognizedOption);
    CHECK(tell.answer_to_group);
    CHECK(tell.pointer == 42);
    const auto host = walk(60, options(6, bytes({0xde, 0}))).error();
    CHECK(host.answer == Answer::kUnrecognizedOption);
    CHECK_FALSE(host.answer_to_group);
}

TEST_CASE("chains that cannot be followed are refused with their place") {
    const auto late = walk(60, options(0, {}) + options(6, {})).error();  // hop-by-hop is not first
    CHECK(late.answer == Answer::kUnrecognizedNextHeader);
    CHECK(late.pointer == 40);
    const auto route = walk(43, bytes({6, 0, 0, 1, 0, 0, 0, 0})).error();  // RFC 5095
    CHECK(route.reason == Drop::kSourceRoute);
    CHECK(route.answer == Answer::kErroneousField);
    CHECK(route.pointer == 42);
    CHECK(walk(60, bytes({6, 200, 0, 0, 0, 0, 0, 0})).error().reason == Drop::kTruncated);
    CHECK(walk(60, bytes({6, 0, 0x1e, 200, 0, 0, 0, 0})).error().reason == Drop::kBadOption);
}

TEST_CASE("what no honest sender does is bounded") {
    Frame many;
    for (std::size_t i = 0; i < wire::ExtensionLimits::kHeaders; ++i) many = many + options(60, {});
    CHECK(walk(60, many + options(6, {})).error().reason == Drop::kBadOption);
    Frame content;
    for (std::size_t i = 0; i <= wire::ExtensionLimits::kOptions; ++i) content = content + bytes({0x1e, 0});
    CHECK(walk(60, options(6, content)).error().reason == Drop::kBadOption);
    CHECK(walk(60, options(6, bytes({1, 8, 0, 0, 0, 0, 0, 0, 0, 0}))).error().reason == Drop::kBadOption);
    Frame large = bytes({6, 69});
    while (large.size() < 560) large = large + bytes({0x1e, 20}) + Frame(20);
    large.resize(560);
    CHECK(walk(60, large).error().reason == Drop::kBadOption);
}
