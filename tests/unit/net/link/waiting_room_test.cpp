#include "net/link/waiting_room.h"

#include <vector>

#include <doctest/doctest.h>

using namespace holm;
using namespace holm::net;
using link::WaitingRoom;

namespace {

IpAddress neighbor(std::uint8_t last) {
    return IpAddress::v4(10, 0, 0, last);
}

bool keep(WaitingRoom& room, std::uint8_t last, std::size_t size, std::uint16_t number) {
    const std::vector<std::byte> head(10, std::byte(number)), body(size - 10, std::byte(number));
    const Bytes pieces[] = {head, body};
    Offload offload;
    offload.segment_size = number;
    return room.keep(neighbor(last), pieces, offload);
}

// The numbers of what waited for a neighbour, each of whose bytes is the frame's number.
std::vector<int> released(WaitingRoom& room, std::uint8_t last) {
    std::vector<int> numbers;
    room.release(neighbor(last), [&](WaitingRoom::Frame frame) {
        for (const std::byte each : frame.bytes) CHECK(each == std::byte(frame.offload.segment_size));
        numbers.push_back(frame.offload.segment_size);
    });
    return numbers;
}

}  // namespace

TEST_CASE("super-frames wait like others, within a bound of bytes for each neighbour") {
    WaitingRoom room;
    CHECK(keep(room, 1, 100, 1));
    CHECK(keep(room, 1, 65'549, 2));
    CHECK(keep(room, 2, 65'549, 3));
    CHECK(keep(room, 1, 20'000, 4));  // both that wait give way: one is not enough
    CHECK_FALSE(keep(room, 1, WaitingRoom::kBytesPerNeighbor + 1, 5));
    CHECK(room.bytes() == 65'549 + 20'000);
    CHECK(released(room, 2) == std::vector{3});
    CHECK(released(room, 1) == std::vector{4});
    CHECK(room.count() == 0);
    CHECK(room.bytes() == 0);
}

TEST_CASE("frames for many neighbours stay within the bounds for all") {
    WaitingRoom room;
    for (std::uint8_t last = 1; last <= 10; ++last) {
        CHECK(keep(room, last, WaitingRoom::kBytesPerNeighbor, last));
        CHECK(room.bytes() <= WaitingRoom::kBytes);
    }
    CHECK(room.count() == 3);
    CHECK(released(room, 7).empty());
    for (std::uint8_t last = 8; last <= 10; ++last) CHECK(released(room, last) == std::vector{int(last)});
    for (std::uint16_t i = 0; i < 40; ++i) CHECK(keep(room, std::uint8_t(i % 5), 100, i));
    CHECK(room.count() == WaitingRoom::kFrames);
    CHECK(released(room, 4) == std::vector{24, 29, 34, 39});
    CHECK(keep(room, 3, 100, 99));
    CHECK(released(room, 3) == std::vector{28, 33, 38, 99});
}
