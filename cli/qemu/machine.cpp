#include "cli/qemu/machine.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string_view>
#include <thread>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/failure.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"

namespace holm::cli {
namespace {

constexpr int kNotRun = 125;
constexpr int kPanicStatus = 134;
constexpr int kStoppedStatus = 143;  // 128 + SIGTERM
// The image ends itself when the grace is over; a task that hogs its core, at the second tick of its watchdog
// after that. This is for one that does not.
constexpr std::chrono::seconds kMargin{3};
constexpr char kStopByte = 3;  // what the image takes for a stop request on its serial port
// A stop byte that comes before the image has started its serial port is lost.
constexpr timespec kAskAgainAfter{0, 200'000'000};

sigset_t handled_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) sigaddset(&set, number);
    return set;
}

[[noreturn]] void become(const std::vector<std::string>& command, int input, pid_t parent) {
    std::vector<char*> words;
    for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    setsid();  // what the terminal sends is for this program to handle
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent && dup2(input, STDIN_FILENO) == 0) execv(words[0], words.data());
    print_line(stderr, "holm-qemu: {} cannot be started: {}", quote(command[0]), std::strerror(errno));
    _exit(kNotRun);
}

void ask_to_stop(int input) {
    // A pipe that is full has asked often enough; one without a reader has no need to.
    [[maybe_unused]] const ssize_t written = write(input, &kStopByte, 1);
}

struct End {
    int status;   // QEMU's, as wait() says it
    bool killed;  // by this program, after the grace
};

// Sees to it that the signals become stop requests, until QEMU has ended.
End wait_for_end(pid_t child, int input, std::chrono::milliseconds grace) {
    using Clock = std::chrono::steady_clock;
    const sigset_t handled = handled_signals();
    bool stopping = false, killed = false;
    Clock::time_point last{};
    for (;;) {
        const int number =
            stopping ? sigtimedwait(&handled, nullptr, &kAskAgainAfter) : sigwaitinfo(&handled, nullptr);
        if (number == SIGCHLD) {
            int ended = 0;
            if (waitpid(child, &ended, WNOHANG) == child) return {ended, killed};
        } else if (number > 0 || (number < 0 && errno == EAGAIN)) {
            if (!stopping) last = Clock::now() + grace + kMargin;
            stopping = true;
            ask_to_stop(input);
            if (killed || Clock::now() < last) continue;
            killed = true;
            kill(child, SIGKILL);
        }
    }
}

void tell(int control, std::string_view command) {
    // If QEMU is gone there is nothing left to tell it.
    [[maybe_unused]] const ssize_t written = write(control, command.data(), command.size());
}

// Waits for the machine's end (QMP's event), and lets QEMU go after it.
void look_at_the_end(const LastLook& look, int status_socket) {
    constexpr std::string_view kEvent = "\"SHUTDOWN\"";
    tell(look.control.ours, R"({"execute":"qmp_capabilities"})");
    std::string said;
    std::array<char, 4096> piece;
    while (!said.contains(kEvent)) {
        const ssize_t size = read(look.control.ours, piece.data(), piece.size());
        if (size <= 0) return;
        if (said.size() > kEvent.size()) said.erase(0, said.size() - kEvent.size());
        said.append(piece.data(), static_cast<std::size_t>(size));
    }
    unsigned char own = 0;
    const bool told = recv(status_socket, &own, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
    if (!told || own == kPanicStatus) look.after_panic();
    tell(look.control.ours, R"({"execute":"quit"})");
}

int report(const End& end, int status_socket, std::chrono::milliseconds grace) {
    unsigned char own = 0;
    const bool told = read(status_socket, &own, 1) == 1;
    if (told) return own;
    const int ended = end.status;
    if (end.killed) {
        print_line(stderr, "holm-qemu: was ended: it did not stop within its grace period, {} ms",
                   grace.count());
        return kStoppedStatus;
    }
    if (WIFSIGNALED(ended)) {
        print_line(stderr, "holm-qemu: QEMU was ended by signal {} ({}) before the image ended",
                   WTERMSIG(ended), strsignal(WTERMSIG(ended)));
    } else if (WEXITSTATUS(ended) != kNotRun) {
        print_line(stderr, "holm-qemu: QEMU ended with status {} before the image did", WEXITSTATUS(ended));
    }
    return kNotRun;
}

}  // namespace

void hold_stop_signals() {
    const sigset_t handled = handled_signals();
    sigprocmask(SIG_BLOCK, &handled, nullptr);
    signal(SIGPIPE, SIG_IGN);
}

SocketToQemu SocketToQemu::create() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        fail_with("no socket can be had: {}", std::strerror(errno));
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    return {ends[0], ends[1]};
}

int run_qemu(const std::vector<std::string>& command, SocketToQemu status, std::chrono::milliseconds grace,
             const LastLook* last_look) {
    int input[2];
    if (pipe2(input, O_CLOEXEC | O_NONBLOCK) != 0) fail_with("no pipe can be had: {}", std::strerror(errno));
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child < 0) fail_with("no process can be had: {}", std::strerror(errno));
    if (child == 0) become(command, input[0], parent);
    close(input[0]);
    close(status.of_qemu);
    std::thread watcher;
    if (last_look != nullptr) {
        close(last_look->control.of_qemu);
        // Signals stay with this thread, which waits for them; that one ends with QEMU, whose end of the
        // socket closes.
        watcher = std::thread([&] { look_at_the_end(*last_look, status.ours); });
    }
    const End end = wait_for_end(child, input[1], grace);
    if (watcher.joinable()) watcher.join();
    return report(end, status.ours, grace);
}

}  // namespace holm::cli
