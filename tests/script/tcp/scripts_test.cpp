// Plays every script of this folder. HOLM_SCRIPT=handshake/passive plays one.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/script/tcp/player.h"

namespace holm::net::tcp::test {

TEST_CASE("tcp scripts") {
    const std::filesystem::path folder = HOLM_SOURCE_DIR "/tests/script/tcp";
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
        if (entry.path().extension() == ".script") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    const char* only = std::getenv("HOLM_SCRIPT");
    std::size_t played = 0;
    for (const auto& path : files) {
        const std::string name = std::filesystem::relative(path, folder).replace_extension().string();
        if (only != nullptr && name != only) continue;
        std::ifstream file(path);
        const std::string text(std::istreambuf_iterator<char>(file), {});
        const std::string problem = Player().play(parse_script(text));
        CHECK_MESSAGE(problem.empty(), name << ".script, " << problem);
        ++played;
    }
    CHECK(played > 0);
    MESSAGE(played << " scripts played");
}

// The judge must be able to say no.
TEST_CASE("a script that expects something else fails") {
    CHECK(Player().play(parse_script("listen 80\n< S 0:0(0)\n> S. 0:0(0) ack 1")).empty());
    CHECK_FALSE(Player().play(parse_script("listen 80\n< S 0:0(0)\n> S. 0:0(0) ack 2")).empty());
    CHECK_FALSE(Player().play(parse_script("listen 80\n< S 0:0(0)\n> R. 0:0(0) ack 1")).empty());
    CHECK_FALSE(Player().play(parse_script("listen 80\n< S 0:0(0)")).empty());
    CHECK_FALSE(Player().play(parse_script("listen 80\n> S. 0:0(0)")).empty());
    CHECK_FALSE(Player().play(parse_script("listen 80\n< Q 0:0(0)")).empty());
    CHECK_FALSE(Player().play(parse_script("given ESTABLISHED\nstate CLOSED")).empty());
    CHECK_FALSE(Player().play(parse_script("given ESTABLISHED\nsend 10\n+0.1 > . 1:11(10) ack 1")).empty());
}

// docs/rfc/tcp.md says which script tests what: each name of the form folder/name must be one.
TEST_CASE("the table of RFCs names scripts that exist") {
    std::ifstream file(HOLM_SOURCE_DIR "/docs/rfc/tcp.md");
    const std::string text(std::istreambuf_iterator<char>(file), {});
    std::size_t found = 0;
    for (std::size_t begin = text.find('`'); begin != std::string::npos; begin = text.find('`', begin + 1)) {
        const std::size_t end = text.find('`', begin + 1);
        const std::string name = text.substr(begin + 1, end - begin - 1);
        begin = end;
        if (name.find('/') == std::string::npos || name.find('.') != std::string::npos ||
            name.starts_with("tests/") || name.starts_with("net/") || name.starts_with("this/"))
            continue;
        const std::string path = HOLM_SOURCE_DIR "/tests/script/tcp/" + name + ".script";
        CHECK_MESSAGE(std::filesystem::exists(path), name);
        ++found;
    }
    CHECK(found > 50);
}

}  // namespace holm::net::tcp::test
