#include "cli/debug/debugger.h"

#include <algorithm>

#include <doctest/doctest.h>

using namespace holm::cli;

namespace {

const DebugFiles kFiles{.gdb = "/usr/bin/gdb",
                        .script = "/share/holm_gdb.py",
                        .symbols = "/a \"b\"/web.debug",
                        .sources = {"/project"}};

std::ptrdiff_t place(const std::vector<std::string>& words, std::string_view word) {
    return std::ranges::find(words, word) - words.begin();
}

}  // namespace

TEST_CASE("a stopped instance: attach, symbols, the first instruction, then the user's commands") {
    const auto words = gdb_command({.process = 42, .socket = {}, .core = {}, .stopped = true}, kFiles,
                                   {"-batch", "-ex", "bt"});
    CHECK(words[0] == "/usr/bin/gdb");
    const auto end = static_cast<std::ptrdiff_t>(words.size());
    const auto attach = place(words, "attach 42");
    const auto symbols = place(words, "holm symbols \"/a \\\"b\\\"/web.debug\"");
    const auto start = place(words, "holm start");
    REQUIRE(attach < end);
    CHECK(place(words, "/share/holm_gdb.py") < attach);
    CHECK(attach < symbols);
    CHECK(symbols < start);
    CHECK(start < place(words, "bt"));
    CHECK(place(words, "bt") == end - 1);
    CHECK(place(words, "directory \"/project\"") < attach);
}

TEST_CASE("a socket and a core file") {
    const auto remote = gdb_command({.process = 0, .socket = "/run/web.gdb", .core = {}}, kFiles, {});
    CHECK(std::ranges::contains(remote, "target remote /run/web.gdb"));
    CHECK_FALSE(std::ranges::contains(remote, "holm start"));
    const auto core = gdb_command({.process = 0, .socket = {}, .core = "web.core"}, kFiles, {});
    CHECK(place(core, "web.core") == place(core, "-core") + 1);
}
