// holm logs: the console of an instance started with --detach.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/run/instance_record.h"
#include "cli/run/rotating_log.h"
#include "cli/text/quote.h"

namespace holm::cli {
namespace {

namespace fs = std::filesystem;

// The log of the last detached instance of that name, running or not.
fs::path newest_log(const std::string& name) {
    fs::path newest;
    std::error_code error;
    for (fs::directory_iterator i(instance_folder(), error), end; !error && i != end; i.increment(error)) {
        const std::string file = i->path().filename().string();
        const std::size_t dash = file.rfind('-');
        if (i->path().extension() != ".log" || dash == std::string::npos || file.substr(0, dash) != name)
            continue;
        std::error_code unused;
        if (newest.empty() || fs::last_write_time(i->path(), unused) > fs::last_write_time(newest, unused))
            newest = i->path();
    }
    return newest;
}

fs::path find_log(const std::string& what) {
    const std::vector<InstanceRecord> running = running_instances();
    const auto named = std::ranges::find_if(running, [&](const InstanceRecord& record) {
        return record.name == what || std::to_string(record.supervisor) == what;
    });
    if (named == running.end()) {
        const fs::path old = newest_log(what);
        return old.empty() ? fs::path(find_instance(what).log) : old;  // find_instance says what runs
    }
    const InstanceRecord record = find_instance(what);
    if (record.log.empty()) {
        fail_with("{} writes to the terminal it was started in; holm run --detach keeps a log",
                  quote(record.name));
    }
    return record.log;
}

void print_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) fail_with("{} cannot be read", quote(path.string()));
    std::array<char, 65536> buffer;
    while (file.read(buffer.data(), buffer.size()), file.gcount() > 0) {
        std::fwrite(buffer.data(), 1, static_cast<std::size_t>(file.gcount()), stdout);
    }
}

void print_log(const std::string& what) {
    const fs::path path = find_log(what);
    std::error_code error;
    if (fs::exists(older_log(path), error)) print_file(older_log(path));
    print_file(path);
}

}  // namespace

void add_logs(CommandLine& line) {
    const auto what = std::make_shared<std::string>();
    line.add_command("logs", "Print what a detached instance has written")
        .positional("INSTANCE", *what, "Its name, or its number in holm ps")
        .footer(
            "The log of an instance that has ended stays until the next one of its name is started. Of a "
            "long\n"
            "one the last 8 to 16 MB are kept.")
        .action([what] {
            print_log(*what);
            return 0;
        });
}

}  // namespace holm::cli
