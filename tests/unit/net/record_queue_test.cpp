#include "net/record_queue.h"

#include <deque>

#include <doctest/doctest.h>

using namespace holm;
using namespace holm::net;

TEST_CASE("records come out in order, whole, across many turns of the ring") {
    RecordQueue queue(256);
    std::deque<std::pair<std::size_t, std::byte>> model;
    std::uint32_t state = 7;
    std::size_t pushed = 0, refused = 0;
    for (int step = 0; step < 20'000; ++step) {
        state = state * 1664525 + 1013904223;
        if ((state >> 20) % 2 == 0) {
            const std::size_t size = (state >> 8) % 70;
            const MutableBytes record = queue.push(size);
            if (record.data() == nullptr) {
                ++refused;
                continue;
            }
            ++pushed;
            REQUIRE(record.size() == size);
            const std::byte fill = std::byte(state >> 24);
            for (std::byte& byte : record) byte = fill;
            model.emplace_back(size, fill);
        } else if (!model.empty()) {
            const Bytes record = queue.front();
            REQUIRE(record.size() == model.front().first);
            for (const std::byte byte : record) REQUIRE(byte == model.front().second);
            queue.pop();
            model.pop_front();
        }
        REQUIRE(queue.count() == model.size());
    }
    CHECK(pushed > 1'000);
    CHECK(refused > 100);
}

TEST_CASE("a record larger than the ring is refused, one that fills it is not") {
    RecordQueue queue(128);
    CHECK(queue.push(121).data() == nullptr);
    CHECK(queue.push(~std::size_t{0}).data() == nullptr);
    CHECK(queue.push(120).size() == 120);
    CHECK(queue.push(0).data() == nullptr);
    queue.pop();
    CHECK(queue.empty());
    CHECK(queue.push(120).size() == 120);
}
