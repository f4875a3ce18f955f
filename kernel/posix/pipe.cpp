// Pipes: 64 KiB between a writing and a reading end. Between threads, and for programs that wake their own
// event loop.

#include <fcntl.h>

#include "kernel/posix/byte_ring.h"
#include "kernel/posix/descriptors.h"
#include "kernel/posix/system_call.h"

namespace holm::posix {
namespace {

constexpr std::size_t kAtomic = 4096;  // PIPE_BUF: what is written in one piece or not at all

class PipeEnd;

// Lives as long as one of its ends.
struct Pipe {
    PipeEnd* reader = nullptr;
    PipeEnd* writer = nullptr;
    ByteRing bytes;
};

class PipeEnd final : public OpenFile {
  public:
    PipeEnd(Pipe& pipe, int flags) : OpenFile(flags), pipe_(pipe) { slot() = this; }
    ~PipeEnd() override {
        slot() = nullptr;
        if (PipeEnd* other = may_read() ? pipe_.writer : pipe_.reader) {
            other->notify_watches();
        } else {
            unmake(&pipe_);
        }
    }

    Outcome read(MutableBytes bytes) override {
        if (pipe_.bytes.size() == 0) return pipe_.writer == nullptr || bytes.empty() ? 0 : -EAGAIN;
        const std::size_t count = pipe_.bytes.read(bytes);
        if (pipe_.writer != nullptr) pipe_.writer->notify_watches();
        return static_cast<Outcome>(count);
    }

    Outcome write(Bytes bytes) override {
        if (pipe_.reader == nullptr) return -EPIPE;
        const std::size_t space = pipe_.bytes.space();
        if (bytes.size() <= kAtomic ? space < bytes.size() : space == 0) return -EAGAIN;
        const std::size_t count = pipe_.bytes.write(bytes);
        pipe_.reader->notify_watches();
        return static_cast<Outcome>(count);
    }

    short ready() const override {
        if (may_read()) {
            const int hang_up = pipe_.writer == nullptr ? POLLHUP : 0;
            return static_cast<short>(pipe_.bytes.size() > 0 ? hang_up | POLLIN | POLLRDNORM : hang_up);
        }
        if (pipe_.reader == nullptr) return POLLERR | POLLOUT;
        return pipe_.bytes.space() >= kAtomic ? POLLOUT | POLLWRNORM : 0;
    }

    void describe(struct stat& status) const override {
        status.st_mode = S_IFIFO | 0600;
        status.st_blksize = kAtomic;
    }

  private:
    PipeEnd*& slot() { return may_read() ? pipe_.reader : pipe_.writer; }

    Pipe& pipe_;
};

}  // namespace

SYSTEM_CALL(pipe2, int* descriptors, int flags) {
    if ((flags & ~(O_CLOEXEC | O_NONBLOCK)) != 0) return -EINVAL;
    Pipe* pipe = make<Pipe>();
    if (pipe == nullptr) return -ENOMEM;
    if (!pipe->bytes.allocate()) {
        unmake(pipe);
        return -ENOMEM;
    }
    const int mode = flags & O_NONBLOCK;
    FileReference reader(new PipeEnd(*pipe, O_RDONLY | mode));
    if (!reader) {
        unmake(pipe);
        return -ENOMEM;
    }
    const Outcome reading = add_descriptor(reader.get(), flags);
    if (reading < 0) return reading;
    const Outcome writing = add_descriptor(new PipeEnd(*pipe, O_WRONLY | mode), flags);
    if (writing < 0) {
        posix::descriptors()->close(static_cast<int>(reading));
        return writing;
    }
    descriptors[0] = static_cast<int>(reading);
    descriptors[1] = static_cast<int>(writing);
    return 0;
}

SYSTEM_CALL(pipe, int* descriptors) {
    return system_pipe2(descriptors, 0);
}

}  // namespace holm::posix
