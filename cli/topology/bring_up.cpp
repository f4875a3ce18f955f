#include "cli/topology/bring_up.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <functional>
#include <string>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/failure.h"
#include "cli/process/child.h"
#include "cli/run/detach.h"
#include "cli/text/counted.h"
#include "cli/text/format.h"
#include "cli/topology/logs.h"
#include "cli/topology/record.h"
#include "cli/topology/supervisor.h"

namespace holm::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

void refuse_second(const ComposeFile& file) {
    for (const TopologyRecord& record : running_topologies()) {
        if (record.name == file.compose.name)
            fail_with("{} is up already ({}); holm down {} ends it", record.name, record.file, record.name);
    }
}

void print_how_to_reach(const Compose& compose, const Supervisor& supervisor, Clock::duration time) {
    print_line("{} is up: {} in {} ms", compose.name, counted(compose.services.size(), "service"),
               std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
    for (const auto& service : supervisor.services()) {
        std::string places;
        const auto add = [&](const std::string& place) { places += (places.empty() ? "" : ", ") + place; };
        for (const Attachment& one : service->description().networks) {
            if (one.address) add(formatted("{} on {}", one.address->address.text(), one.network));
            if (one.address6) add(formatted("{} on {}", one.address6->address.text(), one.network));
            if (!one.address && !one.address6) add(formatted("on {}", one.network));  // the image has it
        }
        for (const std::string& port : service->description().ports) add(parse_port_forward(port)->text());
        print_line("  {:<14} {}", service->description().name, places);
    }
    for (const ComposeClient& client : compose.clients)
        print_line("  {:<14} holm exec {} COMMAND runs a program on it", client.name, client.name);
    print_line("holm ps lists it, holm logs NAME shows what a service writes, holm down {} ends it",
               compose.name);
    std::fflush(stdout);
}

int run(const ComposeFile& file, const std::function<void()>& ready) {
    const auto started = Clock::now();
    Supervisor supervisor(file.compose, file.planned, file.path);
    return supervisor.run([&] {
        print_how_to_reach(file.compose, supervisor, Clock::now() - started);
        ready();
    });
}

}  // namespace

int bring_up(const ComposeFile& file) {
    refuse_second(file);
    enter_user_namespace();
    return run(file, [] {});
}

int bring_up_detached(const ComposeFile& file, bool stays) {
    refuse_second(file);
    const fs::path log = new_log_path(topology_log_name(file.compose.name));
    Pipe report = Pipe::create();
    std::fflush(nullptr);
    const pid_t caller = getpid();
    const pid_t child = fork();
    if (child < 0) fail_with("no process can be had: {}", std::strerror(errno));
    if (child == 0) {
        report.close_read();
        setsid();
        int status = 1;
        try {
            enter_user_namespace();
            end_with(caller, SIGTERM);  // whoever is not told that it is up shall not have it
            status = run(file, [&] {
                if (stays) prctl(PR_SET_PDEATHSIG, 0);
                redirect_to_log(log);
                [[maybe_unused]] const ssize_t told = write(report.write_end, "+", 1);
                report.close_write();
            });
        } catch (const std::exception& error) {
            print_line(stderr, "holm: {}", error.what());
        }
        std::fflush(nullptr);
        _exit(status);
    }
    report.close_write();
    char answer = 0;
    ssize_t size = 0;
    while ((size = read(report.read_end, &answer, 1)) < 0 && errno == EINTR) {
    }
    report.close_read();
    if (size == 1) return 0;
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? std::max(WEXITSTATUS(status), 1) : 128 + WTERMSIG(status);
}

}  // namespace holm::cli
