#include "cli/debug/live_core.h"

#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/failure.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "tender/debug/process_core.h"

namespace holm::cli {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// All threads of a process, stopped as long as this object lives.
class StoppedThreads {
  public:
    StoppedThreads(pid_t process, const std::string& name) {
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(formatted("/proc/{}/task", process), error)) {
            if (threads_.size() == tender::kMostCoreThreads) break;
            pid_t thread = 0;
            const std::string text = entry.path().filename().string();
            std::from_chars(text.data(), text.data() + text.size(), thread);
            if (!stop(thread)) {
                release();
                fail_with(
                    "{} cannot be looked at: {}; holm gdb, --trace-syscalls or --dump may watch it already",
                    name, std::strerror(errno));
            }
        }
        if (threads_.empty()) fail_with("{} has ended", name);
    }
    ~StoppedThreads() { release(); }
    StoppedThreads(const StoppedThreads&) = delete;
    StoppedThreads& operator=(const StoppedThreads&) = delete;

    const std::vector<pid_t>& ids() const { return threads_; }

  private:
    bool stop(pid_t thread) {
        if (ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) != 0) return false;
        threads_.push_back(thread);
        int status = 0;
        return ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr) == 0 &&
               waitpid(thread, &status, __WALL) == thread;
    }
    void release() {
        for (const pid_t thread : threads_) ptrace(PTRACE_DETACH, thread, nullptr, nullptr);
        threads_.clear();
    }

    std::vector<pid_t> threads_;
};

// A tender that is only just starting would be ended by the signal.
bool catches_requests(pid_t tender) {
    std::ifstream status(formatted("/proc/{}/status", tender));
    for (std::string line; std::getline(status, line);) {
        if (!line.starts_with("SigCgt:")) continue;
        const std::string_view digits = std::string_view(line).substr(line.find_last_of(" \t") + 1);
        std::uint64_t caught = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), caught, 16);
        return (caught & std::uint64_t{1} << (SIGUSR1 - 1)) != 0;
    }
    return false;
}

}  // namespace

tender::CoreSize write_live_core(const InstanceRecord& record, const fs::path& path) {
    const int file = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) fail_with("{} cannot be written: {}", quote(path.string()), std::strerror(errno));
    std::signal(SIGXFSZ, SIG_IGN);
    try {
        const StoppedThreads stopped(record.tender, record.name);
        std::vector<tender::CoreThread> threads;
        for (const pid_t id : stopped.ids()) {
            tender::CoreThread thread;
            if (tender::read_thread(id, thread)) threads.push_back(thread);
        }
        const auto size = tender::write_process_core(file, record.tender, record.name, threads);
        if (!size) fail_with("{} could not be written: {}", quote(path.string()), size.error().view());
        close(file);
        return *size;
    } catch (...) {
        close(file);
        unlink(path.c_str());
        throw;
    }
}

void ask_for_core(const InstanceRecord& record) {
    const auto is_complete = [&] {
        std::ifstream file(record.dump, std::ios::binary);
        char magic[4] = {};
        file.read(magic, sizeof magic);
        return file && std::memcmp(magic, "\x7f\x45\x4c\x46", sizeof magic) == 0;
    };
    if (truncate(record.dump.c_str(), 0) != 0)
        fail_with("{} cannot be written: {}", quote(record.dump), std::strerror(errno));
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!catches_requests(record.tender) && kill(record.tender, 0) == 0 &&
           std::chrono::steady_clock::now() < deadline)
        std::this_thread::sleep_for(5ms);
    if (kill(record.tender, SIGUSR1) != 0)
        fail_with("{} cannot be asked: {}", record.name, std::strerror(errno));
    while (!is_complete()) {
        if (kill(record.tender, 0) != 0 || std::chrono::steady_clock::now() >= deadline)
            fail_with("{} wrote no core file; holm logs {} may say why", record.name, record.supervisor);
        std::this_thread::sleep_for(5ms);
    }
}

}  // namespace holm::cli
