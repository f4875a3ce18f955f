// Plain programs and the request to stop, one way for each first argument.

#include <cstdio>
#include <cstring>
#include <string_view>
#include <thread>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

namespace {

volatile sig_atomic_t stopping = 0;
int wake_up[2];

void say(const char* text) {
    (void)!write(1, text, std::strlen(text));
}

void handle(void (*handler)(int), int flags) {
    struct sigaction action{};
    action.sa_handler = handler;
    action.sa_flags = flags;
    sigaction(SIGTERM, &action, nullptr);
}

int wait_with_poll() {
    pipe(wake_up);
    handle([](int) { stopping = 1; }, SA_RESTART);
    say("ready\n");
    pollfd waiting{.fd = wake_up[0], .events = POLLIN, .revents = 0};
    const bool interrupted = poll(&waiting, 1, -1) == -1 && errno == EINTR;
    say(interrupted && stopping ? "orderly\n" : "wrong\n");
    return 3;
}

// The handler of many event loops: it writes to a pipe that the loop reads.
int wait_with_pipe() {
    pipe(wake_up);
    handle([](int) { (void)!write(wake_up[1], "s", 1); }, SA_RESTART);
    say("ready\n");
    char byte = 0;
    const bool woken = read(wake_up[0], &byte, 1) == 1 && byte == 's';
    say(woken ? "orderly\n" : "wrong\n");
    return 3;
}

int wait_with_pause() {
    handle([](int) { stopping = 1; }, 0);
    say("ready\n");
    while (!stopping) pause();
    say("orderly\n");
    return 3;
}

int ignore() {
    handle(SIG_IGN, 0);
    say("ready\n");
    std::this_thread::sleep_for(std::chrono::hours(1));
    return 3;
}

int know_nothing() {
    say("ready\n");
    std::this_thread::sleep_for(std::chrono::hours(1));
    return 3;
}

}  // namespace

int main(int, char** arguments) {
    const std::string_view way = arguments[1];
    if (way == "poll") return wait_with_poll();
    if (way == "pipe") return wait_with_pipe();
    if (way == "pause") return wait_with_pause();
    if (way == "ignore") return ignore();
    return know_nothing();
}
