// Plays every script of this folder. HOLM_SCRIPT=handshake/passive plays one, HOLM_RECORD=FILE prints what
// the segments and calls of a script lead to.

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "tests/script/tcp/player.h"

namespace holm::net::tcp::test {

static bool has_word(std::string_view text, std::string_view word) {
    const auto is_part = [&](std::size_t at) {
        return at < text.size() &&
               (std::isalnum(static_cast<unsigned char>(text[at])) != 0 || text[at] == '_');
    };
    for (std::size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1))
        if ((at == 0 || !is_part(at - 1)) && !is_part(at + word.size())) return true;
    return false;
}

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

TEST_CASE("a script is recorded") {
    if (const char* path = std::getenv("HOLM_RECORD")) {
        std::ifstream file(path);
        std::fputs(Player().record(std::string(std::istreambuf_iterator<char>(file), {})).c_str(), stdout);
    }
    CHECK(Player().record("given ESTABLISHED\nsend 10\n+0.1 < . 1:1(0) ack 11\n") ==
          "given ESTABLISHED\nsend 10\n+0     > P. 1:11(10) ack 1\n+0.1   < . 1:1(0) ack 11\n");
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

// docs/rfc/tcp.md says what is done where and which script tests it: each name must be one.
TEST_CASE("the table of RFCs names functions and scripts that exist") {
    std::string sources;
    for (const char* folder : {"/net/tcp", "/net/ip"})
        for (const auto& entry :
             std::filesystem::recursive_directory_iterator(HOLM_SOURCE_DIR + std::string(folder)))
            if (entry.path().extension() == ".h" || entry.path().extension() == ".cpp") {
                std::ifstream source(entry.path());
                sources.append(std::istreambuf_iterator<char>(source), {});
            }
    std::ifstream file(HOLM_SOURCE_DIR "/docs/rfc/tcp.md");
    const std::string text(std::istreambuf_iterator<char>(file), {});
    std::size_t scripts = 0;
    std::size_t functions = 0;
    for (std::size_t begin = text.find('`'); begin != std::string::npos; begin = text.find('`', begin + 1)) {
        const std::size_t end = text.find('`', begin + 1);
        const std::string name = text.substr(begin + 1, end - begin - 1);
        begin = end;
        if (name.starts_with("tests/") || name.starts_with("net/") || name.starts_with("this/")) continue;
        if (name.ends_with("_test")) continue;  // another kind of test: tests/static/test_rfc.py
        if (name.find('/') != std::string::npos) {
            CHECK_MESSAGE(std::filesystem::exists(HOLM_SOURCE_DIR "/tests/script/tcp/" + name + ".script"),
                          name);
            ++scripts;
        } else {
            const std::size_t colons = name.find("::");
            const std::string type = name.substr(0, colons);
            const std::string member = colons == std::string::npos ? type : name.substr(colons + 2);
            CHECK_MESSAGE(sources.find(type) != std::string::npos, name);
            CHECK_MESSAGE(has_word(sources, member), name);
            ++functions;
        }
    }
    CHECK(scripts > 100);
    CHECK(functions > 100);
}

}  // namespace holm::net::tcp::test
