#include "net/tcp/options.h"

#include <array>
#include <initializer_list>
#include <vector>

#include <doctest/doctest.h>

namespace holm::net::tcp {
namespace {

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
    std::vector<std::byte> bytes;
    for (const int value : values) bytes.push_back(std::byte(value));
    return bytes;
}

}  // namespace

TEST_CASE("options of a SYN") {
    Options options;
    REQUIRE(
        parse_options(bytes_of({2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 3, 3, 7}), options));
    CHECK(options.mss == 1460);
    CHECK(options.sack_permitted);
    CHECK(options.has_timestamp);
    CHECK(options.timestamp_value == 1);
    CHECK(options.timestamp_echo == 2);
    CHECK(options.has_window_scale);
    CHECK(options.window_scale == 7);
}

TEST_CASE("unknown kinds are skipped, wrong lengths of known ones too") {
    Options options;
    REQUIRE(parse_options(bytes_of({254, 4, 1, 2, 2, 3, 9, 3, 3, 2, 0, 255}), options));
    CHECK(options.mss == 0);
    CHECK(options.window_scale == 2);
}

TEST_CASE("what cannot be skipped is malformed") {
    Options options;
    CHECK_FALSE(parse_options(bytes_of({2, 5, 1, 1}), options));  // longer than what is left
    CHECK_FALSE(parse_options(bytes_of({2, 0, 1, 1}), options));  // would never end
    CHECK_FALSE(parse_options(bytes_of({2, 1, 1, 1}), options));
    CHECK_FALSE(parse_options(bytes_of({1, 1, 1, 8}), options));  // no length
    CHECK(parse_options(bytes_of({0, 8, 1, 1}), options));        // nothing counts behind the end
}

TEST_CASE("a window scale above 14 is used as 14") {
    Options options;
    REQUIRE(parse_options(bytes_of({3, 3, 200, 0}), options));
    CHECK(options.window_scale == 14);
}

TEST_CASE("what is emitted is what is parsed, and fits") {
    Options options;
    options.has_timestamp = true;
    options.timestamp_value = 0x01020304;
    options.sack_count = 4;
    for (std::uint32_t i = 0; i < 4; ++i) options.sack[i] = {Seq(100 * i), Seq(100 * i + 50)};
    std::array<std::byte, 40> out;
    CHECK(emit_options(options, out) == 40);
    Options parsed;
    REQUIRE(parse_options(out, parsed));
    CHECK(parsed.timestamp_value == 0x01020304);
    CHECK(parsed.sack_count == 3);  // the fourth has no room beside the timestamps
    CHECK(parsed.sack[2] == options.sack[2]);
}

}  // namespace holm::net::tcp
