#include "kernel/panic/backtrace.h"

#include <array>
#include <vector>

#include <doctest/doctest.h>

namespace holm::test {
namespace {

// A stack of words; frames are pairs of them.
struct FakeStack {
    std::array<std::uint64_t, 64> words{};
    std::uint64_t at(std::size_t index) { return reinterpret_cast<std::uint64_t>(&words[index]); }
    void frame(std::size_t index, std::uint64_t next, std::uint64_t return_address) {
        words[index] = next;
        words[index + 1] = return_address;
    }
    std::vector<std::uint64_t> walk(std::uint64_t from) {
        const AddressRange readable[] = {{at(0), at(0) + sizeof words}};
        std::array<std::uint64_t, 8> found{};
        const std::size_t count = backtrace(from, readable, {0x1000, 0x2000}, found);
        return {found.begin(), found.begin() + static_cast<std::ptrdiff_t>(count)};
    }
};

using Addresses = std::vector<std::uint64_t>;

TEST_CASE("a chain of frames is followed to its end") {
    FakeStack stack;
    stack.frame(2, stack.at(10), 0x1100);
    stack.frame(10, stack.at(20), 0x1200);
    stack.frame(20, 0, 0x1300);
    CHECK(stack.walk(stack.at(2)) == Addresses{0x1100, 0x1200, 0x1300});
}

TEST_CASE("a broken stack ends the walk and is never read beyond") {
    FakeStack stack;
    CHECK(stack.walk(0).empty());
    CHECK(stack.walk(8).empty());
    CHECK(stack.walk(stack.at(2) + 1).empty());                       // not aligned
    CHECK(stack.walk(stack.at(0) + sizeof stack.words - 8).empty());  // half of it outside
    CHECK(stack.walk(~std::uint64_t{7}).empty());
    stack.frame(2, stack.at(2), 0x1100);  // to itself
    CHECK(stack.walk(stack.at(2)) == Addresses{0x1100});
    stack.frame(10, stack.at(2), 0x1100);  // down
    CHECK(stack.walk(stack.at(10)) == Addresses{0x1100});
    stack.frame(20, stack.at(30), 0x1100);
    stack.frame(30, stack.at(40), 0x3000);  // returns to what is not code
    CHECK(stack.walk(stack.at(20)) == Addresses{0x1100});
    for (std::size_t i = 0; i < 30; ++i) stack.frame(2 * i, stack.at(2 * i + 2), 0x1500);
    CHECK(stack.walk(stack.at(0)).size() == 8);  // as many as there is room for
}

}  // namespace
}  // namespace holm::test
