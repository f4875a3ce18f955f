#include "cli/selftest/outside.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "cli/text/format.h"

namespace holm::cli {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

// The value of "NAME:\tVALUE".
std::string_view field(std::string_view status, std::string_view name) {
    const std::size_t at = status.find(formatted("\n{}:\t", name));
    if (at == std::string_view::npos) return {};
    status.remove_prefix(at + name.size() + 3);
    return status.substr(0, status.find('\n'));
}

// What is wrong with a thread, or "".
std::string excess_of(std::string_view status) {
    for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"}) {
        const std::string_view value = field(status, set);
        if (value.empty() || value.find_first_not_of('0') != std::string_view::npos)
            return formatted("{} is {}", set, value);
    }
    if (field(status, "NoNewPrivs") != "1") return "it may get new privileges";
    if (field(status, "Seccomp") != "2") return "it has no filter";
    return {};
}

}  // namespace

Outcome examine_rights(pid_t instance) {
    Outcome outcome{.tried = "read /proc/PID/status of a waiting instance, every thread"};
    unsigned threads = 0;
    std::error_code error;
    for (const auto& task : fs::directory_iterator(formatted("/proc/{}/task", instance), error)) {
        const std::string excess = excess_of(read_file(task.path() / "status"));
        if (!excess.empty()) {
            outcome.happened = formatted("thread {}: {}", task.path().filename().string(), excess);
            return outcome;
        }
        ++threads;
    }
    outcome.passed = threads > 0;
    outcome.happened = threads > 0 ? formatted("{} thread{}: no capabilities, no_new_privs, seccomp filter",
                                               threads, threads == 1 ? "" : "s")
                                   : "the instance is gone";
    return outcome;
}

Outcome examine_mappings(pid_t instance) {
    Outcome outcome{.tried = "read /proc/PID/maps of a waiting instance"};
    std::ifstream maps(formatted("/proc/{}/maps", instance));
    unsigned count = 0;
    unsigned executable = 0;
    for (std::string line; std::getline(maps, line); ++count) {
        const std::size_t space = line.find(' ');
        const std::string_view protection = std::string_view(line).substr(space + 1, 4);
        if (protection.contains('x')) ++executable;
        if (protection.contains('w') && protection.contains('x')) {
            outcome.happened = "writable and executable: " + line;
            return outcome;
        }
    }
    outcome.passed = count > 0;
    outcome.happened =
        count > 0 ? formatted("{} mappings, {} of them executable, none of those writable", count, executable)
                  : "the instance is gone";
    return outcome;
}

}  // namespace holm::cli
