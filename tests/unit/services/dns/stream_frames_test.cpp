#include "services/dns/stream_frames.h"

#include <string>

#include <doctest/doctest.h>

using namespace holm;
using namespace holm::dns;

TEST_CASE("a message that lies there whole is not copied") {
    const std::string stream("\0\3abc\0\0\0\2d", 10);
    Bytes bytes = as_bytes(stream);
    StreamFrames frames;
    const auto first = frames.next(bytes);
    REQUIRE(first);
    CHECK(first->data() == as_bytes(stream).data() + 2);
    CHECK(as_text(*first) == "abc");
    CHECK(frames.next(bytes)->empty());
    CHECK_FALSE(frames.next(bytes));
    CHECK(bytes.empty());
    CHECK_FALSE(frames.is_between_messages());
    const std::string rest = "e";
    bytes = as_bytes(rest);
    CHECK(as_text(*frames.next(bytes)) == "de");
    CHECK(frames.is_between_messages());
}
