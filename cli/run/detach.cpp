#include "cli/run/detach.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/failure.h"
#include "cli/process/child.h"
#include "cli/run/instance_record.h"
#include "cli/run/rotating_log.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"

namespace holm::cli {
namespace {

namespace fs = std::filesystem;

void tell(int pipe, std::string_view text) {
    // A write this short to a pipe is not split; nobody is left to tell if it fails.
    [[maybe_unused]] const ssize_t written = write(pipe, text.data(), text.size());
}

}  // namespace

int start_log_keeper(const fs::path& log) {
    std::error_code error;
    fs::remove(log, error);
    fs::remove(older_log(log), error);
    const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) fail_with("the log {} cannot be written: {}", quote(log.string()), std::strerror(errno));
    close(file);
    Pipe pipe = Pipe::create();
    const pid_t child = fork();
    if (child < 0) fail_with("no process can be had: {}", std::strerror(errno));
    if (child == 0) {
        // It ends with its writers, not before them.
        for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) signal(number, SIG_IGN);
        // Nothing of its starter's stays open in it: somebody may wait for the end of that output.
        const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
        for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(nothing, standard);
        close_range(STDERR_FILENO + 1, static_cast<unsigned>(pipe.read_end) - 1, 0);
        close_range(static_cast<unsigned>(pipe.read_end) + 1, ~0u, 0);
        keep_log(pipe.read_end, log);
        _exit(0);
    }
    pipe.close_read();
    return pipe.write_end;
}

void redirect_to_log(const fs::path& log) {
    const int input = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(input, standard);
    const int output = start_log_keeper(log);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
}

pid_t run_detached(const fs::path& log, const std::function<int(const std::function<void()>& ready)>& body) {
    Pipe report = Pipe::create();  // the complaint if it fails, nothing if it is ready
    const pid_t child = fork();
    if (child < 0) fail_with("no process can be had: {}", std::strerror(errno));
    if (child == 0) {
        report.close_read();
        setsid();
        int status = 1;
        try {
            redirect_to_log(log);
            status = body([&] {
                tell(report.write_end, "+");
                report.close_write();
            });
        } catch (const std::exception& error) {
            tell(report.write_end, error.what());
        }
        _exit(status);
    }
    report.close_write();
    std::string answer;
    std::array<char, 1024> buffer;
    for (ssize_t size; (size = read(report.read_end, buffer.data(), buffer.size())) != 0;) {
        if (size > 0) answer.append(buffer.data(), static_cast<std::size_t>(size));
        if (size < 0 && errno != EINTR) break;
    }
    report.close_read();
    if (answer == "+") return child;
    waitpid(child, nullptr, 0);
    throw Failure(answer.empty() ? "the instance ended before it was started" : answer, 125);
}

fs::path new_log_path(const std::string& name) {
    const fs::path folder = instance_folder();
    const std::vector<InstanceRecord> running = running_instances();
    const auto in_use = [&](const fs::path& path) {
        for (const InstanceRecord& record : running) {
            if (record.log == path.string()) return true;
        }
        return false;
    };
    for (int number = 1;; ++number) {
        const fs::path path = folder / formatted("{}-{}.log", name, number);
        if (!in_use(path)) return path;
    }
}

}  // namespace holm::cli
