// holm logs: the console of an instance started with --detach.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/run/instance_record.h"
#include "cli/run/rotating_log.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "cli/topology/logs.h"
#include "cli/topology/record.h"

namespace holm::cli {
namespace {

namespace fs = std::filesystem;

// The log of the last detached instance or service of that name, running or not.
fs::path newest_log(std::string_view name) {
    fs::path newest;
    std::error_code error;
    for (fs::directory_iterator i(instance_folder(), error), end; !error && i != end; i.increment(error)) {
        const std::string file = i->path().filename().string();
        const std::size_t dash = file.rfind('-');
        if (i->path().extension() != ".log" || dash == std::string::npos ||
            !is_log_of(file.substr(0, dash), name))
            continue;
        std::error_code unused;
        if (newest.empty() || fs::last_write_time(i->path(), unused) > fs::last_write_time(newest, unused))
            newest = i->path();
    }
    return newest;
}

bool writes_to(const fs::path& log) {
    return std::ranges::contains(running_instances(), log.string(), &InstanceRecord::log);
}

fs::path find_log(const std::string& what) {
    if (const auto service = find_topology_service(what))
        return newest_log(formatted("{}-{}", service->topology, service->service));
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

// Prints what stands behind `start`; returns where it ended.
std::streamoff print_file(const fs::path& path, std::streamoff start = 0) {
    std::ifstream file(path, std::ios::binary);
    if (!file) fail_with("{} cannot be read", quote(path.string()));
    file.seekg(start);
    std::array<char, 65536> buffer;
    while (file.read(buffer.data(), buffer.size()), file.gcount() > 0) {
        std::fwrite(buffer.data(), 1, static_cast<std::size_t>(file.gcount()), stdout);
        start += file.gcount();
    }
    std::fflush(stdout);
    return start;
}

std::uintmax_t size_of(const fs::path& path) {
    std::error_code error;
    const std::uintmax_t size = fs::file_size(path, error);
    return error ? 0 : size;
}

// Goes on with what is written, until whoever writes it is gone. A log that shrinks has moved aside: what of
// it was not printed yet stands in the older one.
void follow(const fs::path& path, std::streamoff printed, const std::string& what) {
    using namespace std::chrono_literals;
    bool alive = true;
    while (true) {
        std::error_code error;
        if (!fs::exists(path, error)) return;  // holm down has removed it
        const std::uintmax_t size = size_of(path);
        if (size < static_cast<std::uintmax_t>(printed)) {
            print_file(older_log(path), printed);
            printed = 0;
        }
        if (size > static_cast<std::uintmax_t>(printed)) printed = print_file(path, printed);
        if (!alive) return;
        std::this_thread::sleep_for(100ms);
        alive = writes_to(path) || find_topology_service(what).has_value();
    }
}

void print_log(const std::string& what, bool goes_on) {
    const fs::path path = find_log(what);
    std::error_code error;
    if (fs::exists(older_log(path), error)) print_file(older_log(path));
    const std::streamoff printed = print_file(path);
    if (goes_on) follow(path, printed, what);
}

}  // namespace

void add_logs(CommandLine& line) {
    struct Options {
        std::string what;
        bool follow = false;
    };
    const auto options = std::make_shared<Options>();
    line.add_command("logs", "Print what a detached instance has written")
        .positional("INSTANCE", options->what, "Its name, or its number in holm ps")
        .flag("-f,--follow", options->follow, "Go on until it ends")
        .footer(
            "The log of an instance that has ended stays until the next one of its name is started. Of a "
            "long\n"
            "one the last 8 to 16 MB are kept.")
        .action([options] {
            print_log(options->what, options->follow);
            return 0;
        });
}

}  // namespace holm::cli
