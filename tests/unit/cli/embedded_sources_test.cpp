#include "cli/manifest/embedded_sources.h"

#include <algorithm>
#include <fstream>
#include <string>

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/manifest/content_type.h"

using namespace holm::cli;
namespace fs = std::filesystem;

namespace {

// A project folder that goes away with the test.
class Project {
  public:
    Project() {
        std::string pattern = (fs::temp_directory_path() / "holm-test-XXXXXX").string();
        folder_ = mkdtemp(pattern.data());
    }
    ~Project() { fs::remove_all(folder_); }
    Project(const Project&) = delete;
    Project& operator=(const Project&) = delete;

    void write(const std::string& path, const std::string& contents) const {
        fs::create_directories((folder_ / path).parent_path());
        std::ofstream(folder_ / path, std::ios::binary) << contents;
    }
    const fs::path& folder() const { return folder_; }

  private:
    fs::path folder_;
};

FileRule rule(std::string from, std::string to, bool to_is_directory = false) {
    return {std::move(from), std::move(to), to_is_directory, {1, 1}};
}

// The table: paths in order, directories with a slash behind.
std::string paths(const EmbeddedSources& files) {
    std::string all;
    for (const EmbeddedSource& entry : files.entries) all += entry.path + (entry.is_directory ? "/ " : " ");
    return all;
}

std::string collect(const Project& project, const std::vector<FileRule>& rules) {
    Mistakes mistakes;
    const EmbeddedSources files = collect_files(rules, project.folder(), mistakes);
    return mistakes.empty() ? paths(files) : mistakes[0].text;
}

}  // namespace

TEST_CASE("a folder, a file and patterns become one sorted table") {
    const Project project;
    project.write("static/index.html", "<p>");
    project.write("static/img/a.png", "png");
    project.write("static/img-big/b.png", "big");
    project.write("static/.hidden", "secret");
    project.write("notes/a.txt", "a");
    project.write("notes/deep/b.txt", "b");
    project.write("notes/c.md", "c");

    CHECK(collect(project, {}) == "/ ");
    CHECK(collect(project, {rule("static", "s")}) ==
          "/ s/ s/img/ s/img/a.png s/img-big/ s/img-big/b.png s/index.html ");
    CHECK(collect(project, {rule("static", "")}) == "/ img/ img/a.png img-big/ img-big/b.png index.html ");
    CHECK(collect(project, {rule("notes/a.txt", "etc/motd")}) == "/ etc/ etc/motd ");
    CHECK(collect(project, {rule("notes/a.txt", "etc", true)}) == "/ etc/ etc/a.txt ");
    CHECK(collect(project, {rule("notes/*.txt", "n")}) == "/ n/ n/a.txt ");
    CHECK(collect(project, {rule("notes/**/*.txt", "n")}) == "/ n/ n/a.txt n/deep/ n/deep/b.txt ");
    CHECK(collect(project, {rule("notes/**", "n")}) == "/ n/ n/a.txt n/c.md n/deep/ n/deep/b.txt ");
    CHECK(collect(project, {rule("*/*.txt", "n")}) == "/ n/ n/notes/ n/notes/a.txt ");
    CHECK(collect(project, {rule("notes", "n"), rule("static/img", "n")}) ==
          "/ n/ n/a.png n/a.txt n/c.md n/deep/ n/deep/b.txt ");
}

TEST_CASE("an entry has size, hash and type; a directory counts its subtree") {
    const Project project;
    project.write("s/a.css", "abc");
    project.write("s/t/empty", "");
    Mistakes mistakes;
    const EmbeddedSources files = collect_files({rule("s", "")}, project.folder(), mistakes);
    REQUIRE(paths(files) == "/ a.css t/ t/empty ");
    CHECK(files.entries[0].size == 3);
    CHECK(files.entries[1].size == 3);
    CHECK(files.entries[1].content_type == "text/css; charset=utf-8");
    CHECK(files.entries[1].hash[0] == 0xba);  // SHA-256 of "abc"
    CHECK(files.entries[2].size == 1);
    CHECK(files.entries[3].size == 0);
    CHECK(files.entries[3].content_type == "application/octet-stream");
}

TEST_CASE("folders and files that were looked at are inputs of the build") {
    const Project project;
    project.write("s/a", "a");
    fs::create_directories(project.folder() / "s/empty");
    Mistakes mistakes;
    const fs::path folder = fs::canonical(project.folder());
    const EmbeddedSources files = collect_files({rule("s", "")}, folder, mistakes);
    CHECK(files.inputs == std::vector<fs::path>{folder / "s", folder / "s/a", folder / "s/empty"});
}

TEST_CASE("what cannot be embedded is refused") {
    const Project project;
    project.write("a", "a");
    project.write("b", "b");
    project.write("d/a", "a");
    fs::create_symlink("/etc/hostname", project.folder() / "out");
    fs::create_symlink("/etc", project.folder() / "out-folder");
    fs::create_directories(project.folder() / "loop");
    fs::create_symlink(".", project.folder() / "loop/up");
    mkfifo((project.folder() / "fifo").c_str(), 0600);

    CHECK(collect(project, {rule("no", "x")}) == "there is no file or folder \"no\" beside holm.toml");
    CHECK(collect(project, {rule("*.no", "x")}) == "\"*.no\" matches no file");
    CHECK(collect(project, {rule("no/*", "x")}) == "\"no/*\" matches no file");
    CHECK(collect(project, {rule("a", "x"), rule("b", "x")}).starts_with("\"/x\" is there already, from "));
    CHECK(collect(project, {rule("a", "x"), rule("b", "x/y")}) == "\"/x\" is both a file and a folder");
    CHECK(collect(project, {rule("a", "x/y"), rule("b", "x")}) == "\"/x\" is both a file and a folder");
    CHECK(collect(project, {rule("out", "x")}).contains("leads out of the folder of holm.toml"));
    CHECK(collect(project, {rule("out-folder", "x")}).contains("leads out of the folder of holm.toml"));
    CHECK(collect(project, {rule("out-folder/*", "x")}).contains("leads out of the folder of holm.toml"));
    CHECK(collect(project, {rule("fifo", "x")}).contains("is neither a file nor a folder"));
    CHECK(collect(project, {rule("loop", "x")}).contains("nested deeper than 32 folders"));
    CHECK(collect(project, {rule("a", std::string(256, 'x'))}).contains("is longer than 255 bytes"));
}

TEST_CASE("media types go by extension, in any case") {
    CHECK(content_type_of("index.HTML") == "text/html; charset=utf-8");
    CHECK(content_type_of("a.tar.gz") == "application/gzip");
    CHECK(content_type_of("README") == "application/octet-stream");
    CHECK(content_type_of("x.") == "application/octet-stream");
}
