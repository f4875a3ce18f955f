#include "abi/embedded_files.h"

#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace {

using holm::EmbeddedFile;
using holm::EmbeddedFiles;

// A tree in memory, laid out as holm-manifest lays it out. Entries come in table order.
class Tree {
  public:
    struct Node {
        std::string path;
        std::uint32_t descendants = 0;  // directories
        const char* contents = nullptr;
    };

    explicit Tree(const std::vector<Node>& nodes) {
        bytes_.resize(sizeof(holm_embedded_tree) + nodes.size() * sizeof(holm_embedded_entry));
        const holm_embedded_tree header{HOLM_FILES_VERSION, static_cast<std::uint32_t>(nodes.size()), 0};
        std::memcpy(bytes_.data(), &header, sizeof header);
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            const Node& node = nodes[i];
            holm_embedded_entry entry{};
            entry.path = append(node.path);
            entry.path_length = static_cast<std::uint32_t>(node.path.size());
            if (node.contents == nullptr) {
                entry.flags = HOLM_EMBEDDED_DIRECTORY;
                entry.size = node.descendants;
            } else {
                entry.data = append(node.contents);
                entry.size = static_cast<std::uint32_t>(std::strlen(node.contents));
                entry.content_type = append("text/plain");
                entry.hash[0] = static_cast<std::uint8_t>(i);
            }
            std::memcpy(bytes_.data() + sizeof header + i * sizeof entry, &entry, sizeof entry);
        }
    }

    EmbeddedFiles view() const {
        return EmbeddedFiles(*reinterpret_cast<const holm_embedded_tree*>(bytes_.data()));
    }

  private:
    std::uint32_t append(const std::string& text) {
        const std::size_t offset = bytes_.size();
        bytes_.insert(bytes_.end(), text.c_str(), text.c_str() + text.size() + 1);
        return static_cast<std::uint32_t>(offset);
    }
    std::vector<char> bytes_;
};

const Tree kTree(
    {{"", 6}, {"a", 2}, {"a/b", 1}, {"a/b/c.txt", 0, "deep"}, {"a-b", 0, "x"}, {"a.txt", 0, ""}, {"z", 0}});

std::string children(const EmbeddedFile& directory) {
    std::string names;
    for (auto child = directory.first_child(); child; child = child->next_sibling_in(directory)) {
        names += std::string(child->name()) + " ";
    }
    return names;
}

}  // namespace

TEST_CASE("every entry is found by its own path") {
    const EmbeddedFiles files = kTree.view();
    for (std::uint32_t i = 0; i < files.count(); ++i) {
        const auto found = files.find(files.at(i).path());
        REQUIRE(found);
        CHECK(found->index() == i);
    }
    CHECK(files.find("/a/b/c.txt")->index() == 3);
    CHECK(files.find("/")->index() == 0);
}

TEST_CASE("what is not in the tree is not found") {
    for (const char* path : {"b", "a/", "a/b/c", "a/b/c.txt/", "a/./b", "a/../a", "zz", "a//b", "A"}) {
        CAPTURE(path);
        CHECK_FALSE(kTree.view().find(path));
    }
}

TEST_CASE("a directory lists its children only, in name order") {
    const EmbeddedFiles files = kTree.view();
    CHECK(children(files.root()) == "a a-b a.txt z ");
    CHECK(children(*files.find("a")) == "b ");
    CHECK(children(*files.find("a/b")) == "c.txt ");
    CHECK(children(*files.find("z")) == "");
    CHECK(children(*files.find("a.txt")) == "");
}

TEST_CASE("a file has contents, type and hash, a directory has none") {
    const EmbeddedFile file = *kTree.view().find("a/b/c.txt");
    CHECK_FALSE(file.is_directory());
    CHECK(std::string(reinterpret_cast<const char*>(file.contents().data()), file.contents().size()) ==
          "deep");
    CHECK(file.content_type() == "text/plain");
    CHECK(file.hash()[0] == 3);
    CHECK(file.name() == "c.txt");

    const EmbeddedFile directory = *kTree.view().find("a");
    CHECK(directory.is_directory());
    CHECK(directory.contents().empty());
    CHECK(directory.content_type() == "");
}

TEST_CASE("slash sorts below everything, so that a subtree is contiguous") {
    CHECK(EmbeddedFiles::compare_paths("a/b", "a-b") < 0);
    CHECK(EmbeddedFiles::compare_paths("a", "a/b") < 0);
    CHECK(EmbeddedFiles::compare_paths("a/z", "a\x01") < 0);
    CHECK(EmbeddedFiles::compare_paths("a\xff", "ab") > 0);
    CHECK(EmbeddedFiles::compare_paths("same", "same") == 0);
}
