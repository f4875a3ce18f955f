#include "kernel/posix/path.h"

#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/unit/kernel/region.h"

using namespace holm;
using namespace holm::posix;

namespace {

// A tree of empty files and directories; a name that ends in a slash is a directory. In table order.
class Tree {
  public:
    explicit Tree(std::vector<std::string> names) {
        const std::size_t head =
            sizeof(holm_embedded_tree) + (names.size() + 1) * sizeof(holm_embedded_entry);
        std::vector<holm_embedded_entry> entries{{.path = static_cast<std::uint32_t>(head),
                                                  .flags = HOLM_EMBEDDED_DIRECTORY,
                                                  .size = static_cast<std::uint32_t>(names.size())}};
        std::string strings(1, '\0');
        for (std::size_t i = 0; i < names.size(); ++i) {
            std::string name = names[i];
            holm_embedded_entry entry{.path = static_cast<std::uint32_t>(head + strings.size())};
            if (name.ends_with('/')) {
                entry.flags = HOLM_EMBEDDED_DIRECTORY;
                while (i + 1 + entry.size < names.size() && names[i + 1 + entry.size].starts_with(name))
                    ++entry.size;
                name.pop_back();
            }
            entry.path_length = static_cast<std::uint32_t>(name.size());
            strings += name + '\0';
            entries.push_back(entry);
        }
        const holm_embedded_tree tree{.version = HOLM_FILES_VERSION,
                                      .count = static_cast<std::uint32_t>(entries.size())};
        bytes_.resize((head + strings.size() + 7) / 8);
        auto* out = reinterpret_cast<char*>(bytes_.data());
        std::memcpy(out, &tree, sizeof(tree));
        std::memcpy(out + sizeof(tree), entries.data(), entries.size() * sizeof(entries[0]));
        std::memcpy(out + head, strings.data(), strings.size());
    }
    EmbeddedFiles files() const {
        return EmbeddedFiles(*reinterpret_cast<const holm_embedded_tree*>(bytes_.data()));
    }

  private:
    std::vector<std::uint64_t> bytes_;
};

const Tree& tree() {
    static const Tree tree({"etc/", "etc/motd", "usr/", "usr/share/", "usr/share/a.txt", "www"});
    return tree;
}

std::string resolved(std::string_view base, std::string_view written) {
    Path path;
    const Outcome outcome = path.resolve(tree().files(), base, written);
    if (outcome < 0) return "errno " + std::to_string(-outcome);
    return std::string(path.text()) + (path.must_be_directory() ? "/" : "");
}

}  // namespace

TEST_CASE("paths become literal paths from the root") {
    CHECK(resolved("", "/etc/motd") == "etc/motd");
    CHECK(resolved("", "etc/motd") == "etc/motd");
    CHECK(resolved("etc", "motd") == "etc/motd");
    CHECK(resolved("etc", "/www") == "www");
    CHECK(resolved("usr/share", "../../etc/./motd") == "etc/motd");
    CHECK(resolved("", "//usr///share//a.txt") == "usr/share/a.txt");
    CHECK(resolved("", "/nothing") == "nothing");
}

TEST_CASE("what ends in a slash, a dot or two is a directory") {
    CHECK(resolved("", "/") == "/");
    CHECK(resolved("", "/..") == "/");
    CHECK(resolved("", "/../../..") == "/");
    CHECK(resolved("etc", ".") == "etc/");
    CHECK(resolved("usr/share", "..") == "usr/");
    CHECK(resolved("", "/usr/share/") == "usr/share/");
    CHECK(resolved("", "/etc/motd/") == "etc/motd/");
}

TEST_CASE("each component passed through must be a directory") {
    CHECK(resolved("", "/etc/motd/..") == "errno 20");
    CHECK(resolved("", "/etc/motd/.") == "errno 20");
    CHECK(resolved("", "/www/x") == "errno 20");
    CHECK(resolved("", "/no/../etc") == "errno 2");
    CHECK(resolved("", "") == "errno 2");
}

TEST_CASE("a path that is too long is refused and changes nothing outside the buffer") {
    CHECK(resolved("", std::string(255, 'a')) == std::string(255, 'a'));
    CHECK(resolved("", std::string(256, 'a')) == "errno 36");
    CHECK(resolved("etc", std::string(252, 'a')) == "errno 36");
    CHECK(resolved("", "/etc/" + std::string(10'000, 'b')) == "errno 36");
}

TEST_CASE("random paths never leave the tree and resolve to themselves") {
    const std::uint64_t seed = tests::seed();
    CAPTURE(seed);
    tests::Random random(seed);
    const char* pieces[] = {"etc", "motd", "usr", "share", "a.txt", "www", ".", "..", "/", "//", "x", "..."};
    for (int step = 0; step < 20'000; ++step) {
        std::string written;
        for (std::uint64_t i = random.below(12); i > 0; --i) {
            written += pieces[random.below(std::size(pieces))];
            if (random.below(2) == 0) written += '/';
        }
        CAPTURE(written);
        Path path;
        if (path.resolve(tree().files(), "usr/share", written) < 0) continue;
        const std::string text(path.text());
        REQUIRE(!text.starts_with('/'));
        REQUIRE(!text.ends_with('/'));
        REQUIRE(("/" + text + "/").find("/../") == std::string::npos);
        Path again;
        REQUIRE(again.resolve(tree().files(), "", "/" + text) == 0);
        REQUIRE(again.text() == text);
    }
}
