#include "kernel/memory/copy.h"

#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "kernel/memory/search.h"

using namespace holm::memory;

namespace {

std::vector<unsigned char> pattern(std::size_t size) {
    std::vector<unsigned char> bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<unsigned char>(i * 7 + i / 251);
    return bytes;
}

}  // namespace

TEST_CASE("moving bytes is memmove at every size and distance") {
    for (std::size_t size = 0; size < 300; ++size) {
        for (const int distance : {-200, -64, -17, -1, 0, 1, 8, 16, 63, 65, 300}) {
            std::vector<unsigned char> expected = pattern(900);
            std::vector<unsigned char> moved = expected;
            std::memmove(expected.data() + 300 + distance, expected.data() + 300, size);
            move_bytes(moved.data() + 300 + distance, moved.data() + 300, size);
            REQUIRE(moved == expected);
        }
    }
    for (const std::size_t size : {2047, 2048, 5000, 100'000}) {
        for (const int distance : {-100, 100, 0}) {
            std::vector<unsigned char> expected = pattern(size + 200);
            std::vector<unsigned char> moved = expected;
            std::memmove(expected.data() + 100 + distance, expected.data() + 100, size);
            move_bytes(moved.data() + 100 + distance, moved.data() + 100, size);
            REQUIRE(moved == expected);
        }
    }
}

TEST_CASE("filling bytes is memset at every size") {
    for (std::size_t size = 0; size < 5000; size += size < 300 ? 1 : 97) {
        std::vector<unsigned char> expected = pattern(size + 20);
        std::vector<unsigned char> filled = expected;
        std::memset(expected.data() + 10, 0xa5, size);
        fill_bytes(filled.data() + 10, 0xa5, size);
        REQUIRE(filled == expected);
    }
}

TEST_CASE("a byte is found where it comes first, at every place and length") {
    for (std::size_t start = 0; start < 20; ++start) {
        for (std::size_t size = 0; size < 70; ++size) {
            std::string text(start + size + 40, 'x');
            CHECK(find_byte(text.data() + start, 'y', size) == nullptr);
            for (std::size_t at = 0; at <= size; ++at) {
                text[start + at] = 'y';
                text[start + at + 3] = 'y';
                const char* const found = find_byte(text.data() + start, 'y', size);
                REQUIRE(found == (at < size ? text.data() + start + at : nullptr));
                text[start + at] = text[start + at + 3] = 'x';
            }
        }
    }
    const char high[] = {'a', '\x80', '\xff', 'b'};
    CHECK(find_byte(high, '\xff', 4) == high + 2);
}

TEST_CASE("the length of a string is told at every place and length") {
    alignas(64) char room[160];
    for (std::size_t start = 0; start < 32; ++start) {
        for (std::size_t length = 0; length < 100; ++length) {
            std::memset(room, 0, sizeof room);
            std::memset(room + start, 0xa5, length);
            REQUIRE(string_length(room + start) == length);
        }
    }
}
