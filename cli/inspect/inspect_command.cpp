// holm inspect: opens its files, gives up all it does not need, and only then reads the first byte.

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/image/foreign_file.h"
#include "cli/inspect/inspection.h"
#include "cli/inspect/reader_sandbox.h"
#include "cli/inspect/report.h"
#include "cli/run/find_image.h"
#include "cli/text/quote.h"
#include "tender/loader/parse_note.h"

namespace holm::cli {
namespace {

struct InspectOptions {
    std::string image;
    bool json = false;
    bool all = false;
};

int open_file(const std::string& path) {
    return open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

// All of a file, at most 256 MB of it more than any image has use for.
std::string read_all(int file, std::string_view name) {
    constexpr off_t kLargest = off_t{1} << 28;
    struct stat status{};
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) fail_with("{} is not a file", quote(name));
    if (status.st_size > kLargest) fail_with("{} is larger than 256 MB", quote(name));
    std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
    std::size_t got = 0;
    while (got < bytes.size()) {
        const ssize_t size = pread(file, bytes.data() + got, bytes.size() - got, static_cast<off_t>(got));
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) break;  // shorter than it was: what is there is looked at
        got += static_cast<std::size_t>(size);
    }
    bytes.resize(got);
    return bytes;
}

int inspect(const InspectOptions& options) {
    const std::string path = find_image_file(options.image).string();
    const int image = open_file(path);
    if (image < 0) fail_with("{} cannot be opened: {}", quote(path), std::strerror(errno));
    const int map = open_file(path + ".map");
    enter_reader_sandbox();

    const std::string image_bytes = read_all(image, path);
    std::optional<std::string> map_text;
    if (map >= 0) map_text = read_all(map, path + ".map");
    const auto inspection = inspect_image(as_bytes(image_bytes), map_text);
    const Bytes head =
        as_bytes(image_bytes).first(std::min<std::size_t>(image_bytes.size(), tender::kHeadSize));
    if (!inspection && !tender::carries_manifest(head)) throw Failure(describe_foreign_file(path, head));
    if (!inspection) fail_with("{} is not an image: {}", quote(path), inspection.error());
    const std::string report =
        options.json ? json_report(*inspection, path) : text_report(*inspection, path, options.all);
    std::fwrite(report.data(), 1, report.size(), stdout);
    return std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace

void add_inspect(CommandLine& line) {
    const auto options = std::make_shared<InspectOptions>();
    line.add_command("inspect", "Show what is in an image")
        .positional("IMAGE", options->image, "Path of an image, or a name looked for in build/images")
        .flag("--json", options->json, "For programs")
        .flag("--all", options->all, "Every file, caller and symbol, not the largest only")
        .footer("It reads the file in a sandbox (seccomp, Landlock): an image may come from anywhere.")
        .action([options] { return inspect(*options); });
}

}  // namespace holm::cli
