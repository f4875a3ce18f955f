#include "cli/text/suggest.h"

#include <array>

#include <doctest/doctest.h>

#include "cli/text/quote.h"

using namespace holm::cli;

namespace {
constexpr std::array<std::string_view, 4> kWords = {"build", "run", "inspect", "install"};
}

TEST_CASE("a mistyped word finds the one that was meant") {
    CHECK(nearest("biuld", kWords) == "build");
    CHECK(nearest("rn", kWords) == "run");
    CHECK(nearest("inspekt", kWords) == "inspect");
    CHECK(nearest("instal", kWords) == "install");
}

TEST_CASE("a word far from all finds none") {
    CHECK(nearest("deploy", kWords) == "");
    CHECK(nearest("", kWords) == "");
    CHECK(nearest(std::string(10'000, 'b'), kWords) == "");
}

TEST_CASE("join lists words") {
    CHECK(join(kWords) == "build, run, inspect, install");
    CHECK(join({}) == "");
}

TEST_CASE("quoted text cannot write to the terminal and does not grow without bound") {
    CHECK(quote("a\"b\\") == "\"a\\\"b\\\\\"");
    CHECK(quote("\x1b[31m\n") == "\"\\x1b[31m\\x0a\"");
    CHECK(quote(std::string(10'000, 'x')).size() < 200);
}
