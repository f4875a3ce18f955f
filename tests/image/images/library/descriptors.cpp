#include <chrono>
#include <cstdint>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <unistd.h>

#include "tests/image/images/library/check.h"

using namespace std::chrono_literals;

namespace {

bool fails(long result, int error) {
    return result == -1 && errno == error;
}

void test_pipe() {
    int ends[2];
    CHECK(pipe2(ends, O_CLOEXEC) == 0);
    CHECK(write(ends[1], "through", 7) == 7);
    char buffer[16] = {};
    CHECK(read(ends[0], buffer, sizeof(buffer)) == 7 && std::strcmp(buffer, "through") == 0);
    CHECK(fails(write(ends[0], "x", 1), EBADF) && fails(lseek(ends[0], 0, SEEK_SET), ESPIPE));

    // More than it holds: both sides have to wait for each other.
    const std::string sent(1'000'000, 'p');
    std::string received;
    std::thread writer([&] {
        CHECK(write(ends[1], sent.data(), sent.size()) == static_cast<ssize_t>(sent.size()));
        close(ends[1]);
    });
    std::vector<char> chunk(7000);
    for (;;) {
        const ssize_t count = read(ends[0], chunk.data(), chunk.size());
        if (count <= 0) break;
        received.append(chunk.data(), static_cast<std::size_t>(count));
    }
    writer.join();
    CHECK(received == sent);
    CHECK(close(ends[0]) == 0);

    CHECK(pipe2(ends, O_NONBLOCK) == 0);
    CHECK(fails(read(ends[0], buffer, 1), EAGAIN));
    while (write(ends[1], sent.data(), 4096) == 4096) {
    }
    CHECK(errno == EAGAIN);
    close(ends[0]);
    CHECK(fails(write(ends[1], "x", 1), EPIPE));
    close(ends[1]);
}

void test_poll() {
    int ends[2];
    CHECK(pipe(ends) == 0);
    pollfd wanted[] = {{.fd = ends[0], .events = POLLIN, .revents = 0},
                       {.fd = ends[1], .events = POLLOUT, .revents = 0},
                       {.fd = -1, .events = POLLIN, .revents = 0},
                       {.fd = 999, .events = POLLIN, .revents = 0}};
    CHECK(poll(wanted, 4, -1) == 2 && wanted[1].revents == POLLOUT && wanted[3].revents == POLLNVAL);
    CHECK(wanted[0].revents == 0 && wanted[2].revents == 0);
    const auto start = std::chrono::steady_clock::now();
    CHECK(poll(wanted, 1, 5) == 0 && std::chrono::steady_clock::now() - start >= 5ms);
    std::thread writer([&] {
        std::this_thread::sleep_for(3ms);
        CHECK(write(ends[1], "x", 1) == 1);
    });
    CHECK(poll(wanted, 1, 5000) == 1 && wanted[0].revents == POLLIN);
    writer.join();

    fd_set readable;
    FD_ZERO(&readable);
    FD_SET(ends[0], &readable);
    CHECK(select(ends[0] + 1, &readable, nullptr, nullptr, nullptr) == 1 && FD_ISSET(ends[0], &readable));
    char byte = 0;
    CHECK(read(ends[0], &byte, 1) == 1);
    timeval soon{.tv_sec = 0, .tv_usec = 2000};
    CHECK(select(ends[0] + 1, &readable, nullptr, nullptr, &soon) == 0 && !FD_ISSET(ends[0], &readable));
    close(ends[1]);
    CHECK(poll(wanted, 1, -1) == 1 && (wanted[0].revents & POLLHUP) != 0);
    close(ends[0]);
}

void test_epoll() {
    const int set = epoll_create1(EPOLL_CLOEXEC);
    const int counter = eventfd(0, EFD_NONBLOCK);
    const int other = eventfd(1, EFD_NONBLOCK | EFD_SEMAPHORE);
    CHECK(set >= 0 && counter >= 0 && other >= 0);
    epoll_event event{.events = EPOLLIN, .data = {.fd = counter}};
    CHECK(epoll_ctl(set, EPOLL_CTL_ADD, counter, &event) == 0);
    CHECK(fails(epoll_ctl(set, EPOLL_CTL_ADD, counter, &event), EEXIST));
    CHECK(fails(epoll_ctl(set, EPOLL_CTL_MOD, other, &event), ENOENT));
    CHECK(fails(epoll_ctl(set, EPOLL_CTL_ADD, set, &event), EINVAL));
    epoll_event found[4];
    CHECK(epoll_wait(set, found, 4, 0) == 0);
    std::uint64_t value = 5;
    CHECK(write(counter, &value, 8) == 8);
    CHECK(epoll_wait(set, found, 4, -1) == 1 && found[0].data.fd == counter && found[0].events == EPOLLIN);
    CHECK(epoll_wait(set, found, 4, 0) == 1);  // still ready: told again
    CHECK(read(counter, &value, 8) == 8 && value == 5);
    CHECK(epoll_wait(set, found, 4, 1) == 0);
    CHECK(fails(read(counter, &value, 8), EAGAIN));

    event = {.events = EPOLLIN | EPOLLET, .data = {.fd = other}};
    CHECK(epoll_ctl(set, EPOLL_CTL_ADD, other, &event) == 0);
    CHECK(epoll_wait(set, found, 4, 0) == 1 && found[0].data.fd == other);
    CHECK(epoll_wait(set, found, 4, 0) == 0);  // told once for each change
    std::thread writer([&] {
        std::this_thread::sleep_for(2ms);
        const std::uint64_t one = 1;
        CHECK(write(other, &one, 8) == 8 && write(counter, &one, 8) == 8);
    });
    int told = 0;
    while (told < 2) told += epoll_wait(set, found, 4, 5000);
    writer.join();
    CHECK(told == 2);
    CHECK(close(counter) == 0);
    CHECK(epoll_wait(set, found, 4, 0) == 0);  // a closed file has left the set
    CHECK(epoll_ctl(set, EPOLL_CTL_DEL, other, nullptr) == 0);
    close(other);
    close(set);
}

}  // namespace

void test_descriptors() {
    winsize size;
    CHECK(!isatty(1) && fails(ioctl(1, TIOCGWINSZ, &size), ENOTTY));
    CHECK(write(1, "", 0) == 0);
    char byte = 0;
    CHECK(read(0, &byte, 1) == 0);
    const int null = open("/dev/null", O_RDWR);
    CHECK(write(null, "gone", 4) == 4 && read(null, &byte, 1) == 0);
    CHECK(fcntl(null, F_SETFL, O_NONBLOCK) == 0 && (fcntl(null, F_GETFL) & O_NONBLOCK) != 0);
    CHECK(dup2(null, 50) == 50 && fcntl(50, F_GETFD) == 0 && close(50) == 0 && close(null) == 0);
    test_pipe();
    test_poll();
    test_epoll();
}
