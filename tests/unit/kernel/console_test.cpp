#include "kernel/console/console.h"

#include <string>

#include <doctest/doctest.h>

#include "core_fixture.h"

namespace holm::test {
namespace {

TEST_CASE("lines go out whole, and the last one at a flush") {
    ManualTime time;
    FakePlatform platform(time);
    Console console(platform);
    console.write("one");
    CHECK(platform.console.empty());
    console.print(", two: ", 2, " and ", std::uint64_t{18446744073709551615u}, ' ', -7);
    CHECK(platform.console.empty());
    console.write("\nthree\nfo");
    CHECK(platform.console == "one, two: 2 and 18446744073709551615 -7\nthree\n");
    console.write("ur");
    console.flush();
    console.flush();
    CHECK(platform.console == "one, two: 2 and 18446744073709551615 -7\nthree\nfour");
}

TEST_CASE("nothing is lost or reordered when lines are long") {
    for (const std::size_t size : {1u, 511u, 512u, 513u, 2000u}) {
        CAPTURE(size);
        ManualTime time;
        FakePlatform platform(time);
        Console console(platform);
        std::string expected;
        for (int i = 0; i < 5; ++i) {
            const std::string piece = std::string(size, static_cast<char>('a' + i));
            expected += piece + "\n" + piece;
            console.write(piece + "\n" + piece);
        }
        console.flush();
        CHECK(platform.console == expected);
    }
}

TEST_CASE("a text buffer cuts off what does not fit") {
    TextBuffer<8> buffer;
    buffer << "12345" << std::int64_t{-678} << "9";
    CHECK(buffer.text() == "12345-67");
    TextBuffer<64> columns;
    columns.hex(0xbeef, 6) << '\n';
    columns.decimal(7, 3);
    CHECK(columns.text() == "00beef\n007");
    TextBuffer<32> extremes;
    extremes << std::int64_t{INT64_MIN};
    CHECK(extremes.text() == "-9223372036854775808");
}

}  // namespace
}  // namespace holm::test
