// poll and select: look at every file, and if none is ready, watch them all until something changes.

#include <span>

#include <poll.h>
#include <sys/select.h>

#include "kernel/posix/descriptors.h"
#include "kernel/posix/system_call.h"
#include "kernel/posix/times.h"
#include "kernel/posix/wait.h"
#include "kernel/task/executor.h"

namespace holm::posix {
namespace {

// A polled file, kept open and watched for as long as the call lasts.
struct Polled {
    FileReference file;
    FiberWatch watch;

    Polled(FileReference polled, Fiber& fiber) : file(std::move(polled)), watch(fiber) {
        if (file) file->watch(watch);
    }
};

// The files of one call; on the heap, because there may be thousands.
class PolledFiles {
  public:
    ~PolledFiles() {
        for (Polled& polled : std::span(start_, count_)) polled.~Polled();
        std::free(start_);
    }
    // False without memory.
    bool watch(std::span<const pollfd> wanted, Fiber& fiber) {
        start_ = static_cast<Polled*>(std::malloc(sizeof(Polled) * wanted.size() + 1));
        if (start_ == nullptr) return false;
        for (const pollfd& entry : wanted) ::new (start_ + count_++) Polled(find_file(entry.fd), fiber);
        return true;
    }

  private:
    Polled* start_ = nullptr;
    std::size_t count_ = 0;
};

Outcome look(std::span<pollfd> wanted) {
    Outcome ready = 0;
    for (pollfd& entry : wanted) {
        entry.revents = 0;
        if (entry.fd < 0) continue;
        const FileReference file = find_file(entry.fd);
        const int always = POLLERR | POLLHUP;
        entry.revents = file ? static_cast<short>(file->ready() & (entry.events | always)) : POLLNVAL;
        ready += entry.revents != 0;
    }
    return ready;
}

Outcome poll_until(std::span<pollfd> wanted, Instant deadline) {
    Outcome ready = look(wanted);
    if (ready != 0) return ready;
    if (deadline <= executor().now()) {
        let_others_run();
        return look(wanted);
    }
    Fiber& fiber = blocking_fiber("poll");
    const InterruptibleWait wait(fiber, false);
    PolledFiles files;
    if (!files.watch(wanted, fiber)) return -ENOMEM;
    do {
        const bool woken = Fiber::suspend(deadline);
        ready = look(wanted);
        if (!woken) break;
        if (ready == 0 && wait.is_interrupted()) return -EINTR;
    } while (ready == 0);
    return ready;
}

std::optional<Instant> deadline_after(const timespec* timeout) {
    if (timeout == nullptr) return Instant::never();
    const std::optional<Duration> duration = to_duration(*timeout);
    if (!duration) return std::nullopt;
    return *duration == Duration() ? Instant() : executor().now() + *duration;
}

Outcome poll_checked(pollfd* start, unsigned long count, std::optional<Instant> deadline) {
    if (count > kMaxDescriptors || !deadline) return -EINVAL;
    return poll_until({start, count}, *deadline);
}

// One bit of a select() set and the poll event that it stands for.
struct Kind {
    fd_set* set;
    short event;   // what is asked for
    short answer;  // what counts as an answer
};

Outcome select_until(int count, fd_set* readable, fd_set* writable, fd_set* exceptional,
                     std::optional<Instant> deadline) {
    if (count < 0 || count > FD_SETSIZE || !deadline) return -EINVAL;
    const Kind kinds[] = {{readable, POLLIN, POLLIN | POLLHUP | POLLERR},
                          {writable, POLLOUT, POLLOUT | POLLERR},
                          {exceptional, POLLPRI, POLLPRI}};
    auto* wanted = static_cast<pollfd*>(std::malloc(sizeof(pollfd) * static_cast<std::size_t>(count) + 1));
    if (wanted == nullptr) return -ENOMEM;
    std::size_t used = 0;
    for (int descriptor = 0; descriptor < count; ++descriptor) {
        short events = 0;
        for (const Kind& kind : kinds) {
            if (kind.set != nullptr && FD_ISSET(descriptor, kind.set))
                events = static_cast<short>(events | kind.event);
        }
        if (events != 0) wanted[used++] = {.fd = descriptor, .events = events, .revents = 0};
    }
    Outcome outcome = poll_until({wanted, used}, *deadline);
    if (outcome >= 0) {
        outcome = 0;
        for (const Kind& kind : kinds) {
            if (kind.set == nullptr) continue;
            FD_ZERO(kind.set);
            for (const pollfd& entry : std::span(wanted, used)) {
                if ((entry.revents & POLLNVAL) != 0) outcome = -EBADF;
                if ((entry.events & kind.event) == 0 || (entry.revents & kind.answer) == 0 || outcome < 0)
                    continue;
                FD_SET(entry.fd, kind.set);
                ++outcome;
            }
        }
    }
    std::free(wanted);
    return outcome;
}

}  // namespace

SYSTEM_CALL(poll, pollfd* start, unsigned long count, int timeout_ms) {
    const Instant deadline = timeout_ms < 0    ? Instant::never()
                             : timeout_ms == 0 ? Instant()
                                               : executor().now() + Duration::milliseconds(timeout_ms);
    return poll_checked(start, count, deadline);
}

SYSTEM_CALL(ppoll, pollfd* start, unsigned long count, const timespec* timeout) {
    return poll_checked(start, count, deadline_after(timeout));
}

SYSTEM_CALL(select, int count, fd_set* readable, fd_set* writable, fd_set* exceptional,
            const timeval* timeout) {
    if (timeout == nullptr) return select_until(count, readable, writable, exceptional, Instant::never());
    const timespec time{.tv_sec = timeout->tv_sec, .tv_nsec = timeout->tv_usec * 1000};
    return select_until(count, readable, writable, exceptional, deadline_after(&time));
}

SYSTEM_CALL(pselect6, int count, fd_set* readable, fd_set* writable, fd_set* exceptional,
            const timespec* timeout) {
    return select_until(count, readable, writable, exceptional, deadline_after(timeout));
}

}  // namespace holm::posix
