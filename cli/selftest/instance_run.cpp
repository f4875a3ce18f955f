#include "cli/selftest/instance_run.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/failure.h"
#include "cli/process/child.h"

namespace holm::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kLongestOutput = 256 * 1024;

int wait_for(pid_t child) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Reads until the end, until `sign` is there, or until the deadline; true unless it was the deadline.
bool read_until(int from, std::string& output, std::string_view sign, Clock::time_point deadline) {
    std::array<char, 4096> buffer;
    for (;;) {
        if (!sign.empty() && output.contains(sign)) return true;
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        pollfd ready{from, POLLIN, 0};
        if (left.count() <= 0) return false;
        const int count = poll(&ready, 1, static_cast<int>(left.count()));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        const ssize_t size = read(from, buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR) continue;
        if (size <= 0) return true;
        if (output.size() < kLongestOutput) output.append(buffer.data(), static_cast<std::size_t>(size));
    }
}

}  // namespace

Ending run_to_ending(const std::vector<std::string>& words, std::chrono::seconds patience) {
    Pipe pipe = Pipe::create();
    const pid_t child = spawn(words, {.output = pipe.write_end});
    pipe.close_write();
    Ending ending;
    ending.in_time = read_until(pipe.read_end, ending.output, "", Clock::now() + patience);
    if (!ending.in_time) kill(child, SIGKILL);
    pipe.close_read();
    ending.status = wait_for(child);
    return ending;
}

WaitingInstance::WaitingInstance(const std::vector<std::string>& words, std::string_view sign,
                                 std::chrono::seconds patience) {
    Pipe pipe = Pipe::create();
    pid_ = spawn(words, {.output = pipe.write_end});
    pipe.close_write();
    std::string output;
    read_until(pipe.read_end, output, sign, Clock::now() + patience);
    pipe.close_read();
    if (output.contains(sign)) return;
    kill(pid_, SIGKILL);
    wait_for(pid_);
    fail_with("the instance to look at did not start: {}", output);
}

WaitingInstance::~WaitingInstance() {
    kill(pid_, SIGKILL);
    wait_for(pid_);
}

}  // namespace holm::cli
