#include "cli/run/rotating_log.h"

#include <fstream>
#include <string>
#include <thread>

#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/process/child.h"

using namespace holm::cli;
namespace fs = std::filesystem;

namespace {

struct Folder {
    fs::path path;
    Folder() {
        std::string name = (fs::temp_directory_path() / "holm-log-XXXXXX").string();
        path = mkdtemp(name.data());
    }
    ~Folder() { fs::remove_all(path); }
};

std::string contents(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// Writes the text in pieces of `step` bytes, all of which the log takes before the next.
void log_text(const fs::path& log, const std::string& text, std::size_t step, std::size_t limit) {
    Pipe pipe = Pipe::create();
    std::thread writer([&] {
        for (std::size_t at = 0; at < text.size(); at += step)
            REQUIRE(write(pipe.write_end, text.data() + at, std::min(step, text.size() - at)) > 0);
        pipe.close_write();
    });
    keep_log(pipe.read_end, log, limit);
    writer.join();
    pipe.close_read();
}

}  // namespace

TEST_CASE("a short log is what was written") {
    const Folder folder;
    const fs::path log = folder.path / "web-1.log";
    log_text(log, "one\ntwo\n", 3, 100);
    CHECK(contents(log) == "one\ntwo\n");
    CHECK_FALSE(fs::exists(older_log(log)));
    log_text(log, "three\n", 6, 100);  // goes on where it was
    CHECK(contents(log) == "one\ntwo\nthree\n");
}

TEST_CASE("a long log keeps its end, in whole lines, and never more than twice the limit") {
    const Folder folder;
    const fs::path log = folder.path / "web-1.log";
    std::string text;
    for (int i = 0; i < 1000; ++i) text += "line " + std::to_string(i) + "\n";
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{64}, text.size()}) {
        CAPTURE(step);
        fs::remove(log);
        fs::remove(older_log(log));
        log_text(log, text, step, 256);
        const std::string older = contents(older_log(log)), newer = contents(log);
        CHECK(newer.size() <= 256);
        CHECK(older.size() <= 256);
        CHECK(older.size() > 100);
        CHECK(text.ends_with(older + newer));
    }
    CHECK(contents(older_log(log)).starts_with("line "));
}

TEST_CASE("a line that is longer than the limit is cut, not endless") {
    const Folder folder;
    const fs::path log = folder.path / "web-1.log";
    log_text(log, std::string(1000, 'x'), 100, 64);
    CHECK(contents(log).size() <= 64);
    CHECK(contents(older_log(log)).size() <= 64);
}

TEST_CASE("a log that cannot be written is dropped, and the writer goes on") {
    log_text("/nonexistent/folder/web-1.log", std::string(200'000, 'x'), 1000, 64);
}
