// epoll: a set of files to wait for, of which those that changed are known without looking at all of them.

#include <algorithm>

#include <sys/epoll.h>

#include "kernel/posix/descriptors.h"
#include "kernel/posix/system_call.h"
#include "kernel/posix/times.h"
#include "kernel/posix/wait.h"
#include "kernel/task/executor.h"

namespace holm::posix {
namespace {

constexpr char kEpollKind = 0;
struct ChangedTag;

class EpollFile;

// One file in a set. It is in the list of changed items whenever its file may be ready.
struct Item final : Watch, ListHook<ChangedTag> {
    Item(EpollFile& owner, int number, OpenFile& watched, const epoll_event& wanted)
        : set(owner), descriptor(number), file(watched), event(wanted) {}
    void changed() override;
    void closed() override;

    EpollFile& set;
    int descriptor;
    OpenFile& file;  // not kept open by being watched
    epoll_event event;
    bool enabled = true;  // EPOLLONESHOT turns it off
};

class EpollFile final : public OpenFile {
  public:
    explicit EpollFile() : OpenFile(O_RDWR) {}
    ~EpollFile() override {
        for (int i = 0; i < capacity_; ++i) {
            if (items_[i] != nullptr) unmake(items_[i]);
        }
        std::free(items_);
    }

    const void* kind() const override { return &kEpollKind; }
    void describe(struct stat& status) const override { status.st_mode = 0600; }
    short ready() const override { return any_ready_ ? POLLIN | POLLRDNORM : 0; }

    void add_changed(Item& item) {
        changed_.push_back(item);
        any_ready_ = true;
        notify_watches();
    }

    Outcome add(int descriptor, OpenFile& file, const epoll_event& event) {
        if (find(descriptor) != nullptr) return -EEXIST;
        if (const Outcome reserved = reserve(descriptor); reserved < 0) return reserved;
        Item* item = make<Item>(*this, descriptor, file, event);
        if (item == nullptr) return -ENOMEM;
        items_[descriptor] = item;
        file.watch(*item);
        add_changed(*item);
        return 0;
    }

    Outcome modify(int descriptor, const epoll_event& event) {
        Item* item = find(descriptor);
        if (item == nullptr) return -ENOENT;
        item->event = event;
        item->enabled = true;
        add_changed(*item);
        return 0;
    }

    Outcome remove(int descriptor) {
        Item* item = find(descriptor);
        if (item == nullptr) return -ENOENT;
        items_[descriptor] = nullptr;
        unmake(item);
        return 0;
    }

    // Moves what is ready to `events`. An item that stays ready goes to the end of the list, so that all have
    // their turn.
    Outcome collect(epoll_event* events, int count) {
        Outcome found = 0;
        IntrusiveList<Item, ChangedTag> still_ready;
        while (found < count) {
            Item* item = changed_.pop_front();
            if (item == nullptr) break;
            if (!item->enabled) continue;
            const auto wanted = item->event.events | EPOLLERR | EPOLLHUP;
            const std::uint32_t ready = static_cast<std::uint16_t>(item->file.ready()) & wanted;
            if (ready == 0) continue;
            events[found++] = {.events = ready, .data = item->event.data};
            if ((item->event.events & EPOLLONESHOT) != 0) {
                item->enabled = false;
            } else if ((item->event.events & EPOLLET) == 0) {
                still_ready.push_back(*item);
            }
        }
        changed_.append(still_ready);
        any_ready_ = !changed_.empty();
        return found;
    }

  private:
    // The number may refer to another file by now; then the old item is no longer meant.
    Item* find(int descriptor) const { return descriptor < capacity_ ? items_[descriptor] : nullptr; }

    Outcome reserve(int descriptor) {
        if (descriptor < capacity_) return 0;
        const int capacity = std::min(std::max(descriptor + 1, 2 * capacity_), kMaxDescriptors);
        void* memory = std::realloc(items_, sizeof(Item*) * static_cast<std::size_t>(capacity));
        if (memory == nullptr) return -ENOMEM;
        items_ = static_cast<Item**>(memory);
        std::fill(items_ + capacity_, items_ + capacity, nullptr);
        capacity_ = capacity;
        return 0;
    }

    Item** items_ = nullptr;  // by descriptor
    int capacity_ = 0;
    IntrusiveList<Item, ChangedTag> changed_;
    bool any_ready_ = false;  // may be true in vain, never false in vain
};

void Item::changed() {
    if (enabled) set.add_changed(*this);
}

// The last descriptor of the file has been closed.
void Item::closed() {
    set.remove(descriptor);
}

EpollFile* as_epoll(const FileReference& file) {
    return file && file->kind() == &kEpollKind ? static_cast<EpollFile*>(file.get()) : nullptr;
}

Outcome wait_for_events(int descriptor, epoll_event* events, int count, std::optional<Instant> deadline) {
    const FileReference file = find_file(descriptor);
    if (!file) return -EBADF;
    EpollFile* set = as_epoll(file);
    if (set == nullptr || count <= 0 || !deadline) return -EINVAL;
    for (;;) {
        const Outcome found = set->collect(events, count);
        if (found != 0) return found;
        if (*deadline <= executor().now()) {
            let_others_run();
            return set->collect(events, count);
        }
        const Outcome waited = wait_until_ready(*set, POLLIN, *deadline, "epoll_wait", false);
        if (waited == -EAGAIN) return set->collect(events, count);
        if (waited < 0) return waited;
    }
}

}  // namespace

SYSTEM_CALL(epoll_create1, int flags) {
    if ((flags & ~EPOLL_CLOEXEC) != 0) return -EINVAL;
    return add_descriptor(new EpollFile, flags);
}

SYSTEM_CALL(epoll_create, int size) {
    return size > 0 ? system_epoll_create1(0) : -EINVAL;
}

SYSTEM_CALL(epoll_ctl, int descriptor, int operation, int target, const epoll_event* event) {
    const FileReference file = find_file(descriptor);
    const FileReference watched = find_file(target);
    if (!file || !watched) return -EBADF;
    EpollFile* set = as_epoll(file);
    // A set within a set could be within itself.
    if (set == nullptr || as_epoll(watched) != nullptr) return -EINVAL;
    switch (operation) {
        case EPOLL_CTL_ADD:
            return set->add(target, *watched, *event);
        case EPOLL_CTL_MOD:
            return set->modify(target, *event);
        case EPOLL_CTL_DEL:
            return set->remove(target);
        default:
            return -EINVAL;
    }
}

SYSTEM_CALL(epoll_wait, int descriptor, epoll_event* events, int count, int timeout_ms) {
    const Instant deadline = timeout_ms < 0    ? Instant::never()
                             : timeout_ms == 0 ? Instant()
                                               : executor().now() + Duration::milliseconds(timeout_ms);
    return wait_for_events(descriptor, events, count, deadline);
}

SYSTEM_CALL(epoll_pwait, int descriptor, epoll_event* events, int count, int timeout_ms) {
    return system_epoll_wait(descriptor, events, count, timeout_ms);
}

}  // namespace holm::posix
