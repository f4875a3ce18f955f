#include "cli/process/run_program.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <sys/wait.h>
#include <unistd.h>

#include "cli/failure.h"
#include "cli/process/child.h"
#include "cli/text/quote.h"

namespace holm::cli {
namespace {

int wait_for(pid_t child) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) fail_with("waiting for a program failed: {}", std::strerror(errno));
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

int run_program(const std::vector<std::string>& words) {
    std::fflush(nullptr);
    return wait_for(spawn(words, {}));
}

ProgramResult run_captured(const std::vector<std::string>& words) {
    constexpr std::size_t kLongestOutput = 1 << 20;
    Pipe pipe = Pipe::create();
    const pid_t child = spawn(words, {.output = pipe.write_end});
    pipe.close_write();
    ProgramResult result;
    std::array<char, 4096> buffer;
    for (ssize_t size; (size = read(pipe.read_end, buffer.data(), buffer.size())) != 0;) {
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) break;
        if (result.output.size() < kLongestOutput)
            result.output.append(buffer.data(), static_cast<std::size_t>(size));
    }
    pipe.close_read();
    result.status = wait_for(child);
    return result;
}

void become_program(const std::vector<std::string>& words) {
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    std::fflush(nullptr);
    execv(arguments[0], arguments.data());
    fail_with("{} cannot be started: {}", quote(words[0]), std::strerror(errno));
}

}  // namespace holm::cli
