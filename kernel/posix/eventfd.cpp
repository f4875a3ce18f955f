// eventfd: a counter to wait for.

#include <string.h>
#include <sys/eventfd.h>

#include "kernel/posix/descriptors.h"
#include "kernel/posix/system_call.h"

namespace holm::posix {
namespace {

class EventFile final : public OpenFile {
  public:
    EventFile(std::uint64_t count, int flags)
        : OpenFile(O_RDWR | (flags & EFD_NONBLOCK)),
          count_(count),
          semaphore_((flags & EFD_SEMAPHORE) != 0) {}

    Outcome read(MutableBytes bytes) override {
        if (bytes.size() < sizeof(count_)) return -EINVAL;
        if (count_ == 0) return -EAGAIN;
        const std::uint64_t value = semaphore_ ? 1 : count_;
        memcpy(bytes.data(), &value, sizeof(value));
        count_ -= value;
        notify_watches();
        return sizeof(value);
    }

    Outcome write(Bytes bytes) override {
        std::uint64_t value = 0;
        if (bytes.size() < sizeof(value)) return -EINVAL;
        memcpy(&value, bytes.data(), sizeof(value));
        if (value > kMax) return -EINVAL;
        if (value > kMax - count_) return -EAGAIN;
        count_ += value;
        notify_watches();
        return sizeof(value);
    }

    short ready() const override {
        return static_cast<short>((count_ > 0 ? POLLIN | POLLRDNORM : 0) |
                                  (count_ < kMax ? POLLOUT | POLLWRNORM : 0));
    }
    void describe(struct stat& status) const override { status.st_mode = 0600; }

  private:
    static constexpr std::uint64_t kMax = 0xffff'ffff'ffff'fffe;
    std::uint64_t count_;
    bool semaphore_;
};

}  // namespace

SYSTEM_CALL(eventfd2, unsigned count, int flags) {
    if ((flags & ~(EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE)) != 0) return -EINVAL;
    return add_descriptor(new EventFile(count, flags), flags & EFD_CLOEXEC ? O_CLOEXEC : 0);
}

SYSTEM_CALL(eventfd, unsigned count) {
    return system_eventfd2(count, 0);
}

}  // namespace holm::posix
