#include "net/wire/virtio_net.h"

#include <array>

#include <doctest/doctest.h>

using namespace holm;
using namespace holm::net;

namespace {

using Header = std::array<std::uint8_t, wire::kVirtioNetHeaderSize>;

Parsed<Offload> parse(const Header& header, std::size_t frame_size) {
    return wire::parse_virtio_net(std::as_bytes(std::span(header)), frame_size);
}

}  // namespace

TEST_CASE("what is emitted is parsed again") {
    Offload offload;
    offload.needs_checksum = true;
    offload.checksum_start = 34;
    offload.checksum_offset = 16;
    offload.segmentation = Segmentation::kTcp4;
    offload.segment_size = 1448;
    offload.header_length = 66;
    Header header{};
    wire::emit_virtio_net(offload, std::as_writable_bytes(std::span(header)));
    CHECK(header == Header{1, 1, 66, 0, 0xa8, 0x05, 34, 0, 16, 0, 0, 0});
    const auto parsed = parse(header, 9000);
    REQUIRE(parsed);
    CHECK(parsed->needs_checksum);
    CHECK(parsed->checksum_start == 34);
    CHECK(parsed->checksum_offset == 16);
    CHECK(parsed->segmentation == Segmentation::kTcp4);
    CHECK(parsed->segment_size == 1448);
}

TEST_CASE("a plain frame has an all-zero header") {
    Header header{};
    header.fill(0xff);
    wire::emit_virtio_net({}, std::as_writable_bytes(std::span(header)));
    CHECK(header == Header{});
}

TEST_CASE("numbers that do not fit the frame are refused") {
    CHECK(parse({1, 0, 0, 0, 0, 0, 34, 0, 16, 0, 0, 0}, 52));
    CHECK(parse({1, 0, 0, 0, 0, 0, 34, 0, 16, 0, 0, 0}, 51).error() == Drop::kBadLength);
    CHECK(parse({1, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0}, 60'000).error() == Drop::kBadLength);
    CHECK(parse({0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 100).error() ==
          Drop::kBadLength);  // segments of no size
    CHECK(parse({0, 2, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0}, 100).error() == Drop::kBadOption);
    CHECK(parse({0, 0x81, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0}, 100)->segmentation == Segmentation::kTcp4);
    CHECK(wire::parse_virtio_net({}, 100).error() == Drop::kTruncated);
}

TEST_CASE("the device vouches for a checksum") {
    CHECK(parse({2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 100)->checksum_valid);
    CHECK_FALSE(parse({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 100)->checksum_valid);
}
