#include "cli/run/instance_record.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/failure.h"
#include "cli/run/record_file.h"
#include "cli/run/rotating_log.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "cli/text/suggest.h"

namespace holm::cli {
namespace {

namespace fs = std::filesystem;

fs::path record_path(pid_t supervisor) {
    return instance_folder() / formatted("{}.instance", supervisor);
}

// NUMBER.gdb, a debugger's way into an instance, whose process is gone.
bool is_stale_socket(const fs::path& path) {
    pid_t process = 0;
    return path.extension() == ".gdb" && read_number(path.stem().string(), process) && process > 1 &&
           !start_ticks_of(process);
}

}  // namespace

fs::path instance_folder() {
    const char* runtime = std::getenv("XDG_RUNTIME_DIR");
    fs::path folder;
    if (runtime != nullptr && runtime[0] == '/') {
        folder = fs::path(runtime) / "holm";
    } else if (geteuid() == 0) {
        folder = "/run/holm";
    } else {
        folder = formatted("/tmp/holm-{}", geteuid());
    }
    if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
        fail_with("the folder {} cannot be made: {}", quote(folder.string()), std::strerror(errno));
    }
    struct stat status{};
    if (lstat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != geteuid() ||
        (status.st_mode & 022) != 0) {
        fail_with("{} is not a folder that only you can write to; remove it", quote(folder.string()));
    }
    return folder;
}

std::optional<std::uint64_t> start_ticks_of(pid_t process) {
    std::ifstream file(formatted("/proc/{}/stat", process));
    const std::string text(std::istreambuf_iterator<char>(file), {});
    // Field 22 (proc(5)); the name, field 2, is in parentheses and may hold anything.
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string::npos) return std::nullopt;
    std::string_view rest = std::string_view(text).substr(name_end + 1);
    // One that has ended stays listed until its parent asks for its status, which not every PID 1 does.
    if (rest.starts_with(" Z") || rest.starts_with(" X")) return std::nullopt;
    for (int field = 2; field < 22; ++field) {
        const std::size_t space = rest.find(' ');
        if (space == std::string_view::npos) return std::nullopt;
        rest.remove_prefix(space + 1);
    }
    std::uint64_t ticks = 0;
    if (!read_number(rest.substr(0, rest.find(' ')), ticks)) return std::nullopt;
    return ticks;
}

std::string format_record(const InstanceRecord& record) {
    return format_field("name", record.name) + format_field("supervisor", std::to_string(record.supervisor)) +
           format_field("start_ticks", std::to_string(record.start_ticks)) +
           format_field("tender", std::to_string(record.tender)) +
           format_field("started", std::to_string(record.started)) + format_field("image", record.image) +
           format_field("ports", record.ports) + format_field("runs_under", record.runs_under) +
           format_field("gdb_socket", record.gdb_socket) + format_field("dump", record.dump) +
           format_field("topology", record.topology) + format_field("log", record.log);
}

std::optional<InstanceRecord> parse_record(std::string_view text) {
    const auto fields = parse_fields(text);
    if (!fields) return std::nullopt;
    InstanceRecord record;
    bool good = true;
    for (const auto& [key, value] : *fields) {
        if (key == "name") record.name = value;
        if (key == "image") record.image = value;
        if (key == "ports") record.ports = value;
        if (key == "runs_under") record.runs_under = value;
        if (key == "gdb_socket") record.gdb_socket = value;
        if (key == "dump") record.dump = value;
        if (key == "topology") record.topology = value;
        if (key == "log") record.log = value;
        if (key == "supervisor") good = good && read_number(value, record.supervisor);
        if (key == "start_ticks") good = good && read_number(value, record.start_ticks);
        if (key == "tender") good = good && read_number(value, record.tender);
        if (key == "started") good = good && read_number(value, record.started);
    }
    // Signals go to these: 0 and negative numbers mean groups of processes to kill(2).
    if (!good || record.supervisor <= 1 || record.tender <= 1 || record.name.empty()) return std::nullopt;
    return record;
}

void write_record(const InstanceRecord& record) {
    replace_file(record_path(record.supervisor), format_record(record));
}

void remove_record(pid_t supervisor) {
    std::error_code error;
    fs::remove(record_path(supervisor), error);
}

std::vector<InstanceRecord> running_instances() {
    std::vector<InstanceRecord> running;
    std::error_code error;
    for (fs::directory_iterator i(instance_folder(), error), end; !error && i != end; i.increment(error)) {
        if (is_stale_socket(i->path())) {
            std::error_code unused;
            fs::remove(i->path(), unused);
        }
        if (i->path().extension() != ".instance") continue;
        const auto record = parse_record(read_record_file(i->path()));
        if (record && start_ticks_of(record->supervisor) == record->start_ticks) {
            running.push_back(*record);
        } else {
            std::error_code unused;
            fs::remove(i->path(), unused);
            if (!record || record->log.empty()) continue;
            fs::remove(record->log, unused);
            fs::remove(older_log(record->log), unused);
        }
    }
    std::ranges::sort(running, {},
                      [](const InstanceRecord& r) { return std::pair(r.start_ticks, r.supervisor); });
    return running;
}

InstanceRecord find_instance(std::string_view what) {
    const std::vector<InstanceRecord> running = running_instances();
    std::vector<const InstanceRecord*> matching;
    pid_t number = 0;
    const bool by_number = read_number(what, number);
    std::set<std::string_view> names;
    for (const InstanceRecord& record : running) {
        names.insert(record.name);
        if (by_number ? record.supervisor == number : record.name == what) matching.push_back(&record);
    }
    if (matching.size() == 1) return *matching[0];
    if (matching.size() > 1) {
        std::string numbers;
        for (const InstanceRecord* record : matching) {
            numbers += formatted("{}{}", numbers.empty() ? "" : ", ", record->supervisor);
        }
        fail_with("{} instances are named {}; say which by its number: {}", matching.size(), quote(what),
                  numbers);
    }
    const std::vector<std::string_view> views(names.begin(), names.end());
    fail_with("no instance {} runs; {}", quote(what),
              views.empty() ? "none does" : "running: " + join(views));
}

}  // namespace holm::cli
