#include "cli/run/detach.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <format>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/failure.h"
#include "cli/process/child.h"
#include "cli/run/instance_record.h"
#include "cli/text/quote.h"

namespace holm::cli {
namespace {

namespace fs = std::filesystem;

void redirect_to(const fs::path& log) {
    const int output =
        open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (output < 0) fail_with("the log {} cannot be written: {}", quote(log.string()), std::strerror(errno));
    const int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    dup2(input, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
}

void tell(int pipe, std::string_view text) {
    // A write this short to a pipe is not split; nobody is left to tell if it fails.
    [[maybe_unused]] const ssize_t written = write(pipe, text.data(), text.size());
}

}  // namespace

pid_t run_detached(const fs::path& log, const std::function<int(const std::function<void()>& ready)>& body) {
    Pipe report = Pipe::create();  // the complaint if it fails, nothing if it is ready
    const pid_t child = fork();
    if (child < 0) fail_with("no process can be had: {}", std::strerror(errno));
    if (child == 0) {
        report.close_read();
        setsid();
        int status = 1;
        try {
            redirect_to(log);
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
        const fs::path path = folder / std::format("{}-{}.log", name, number);
        if (!in_use(path)) return path;
    }
}

}  // namespace holm::cli
