#pragma once

// What a descriptor refers to. Calls never block here: what is not possible now is -EAGAIN, and ready() says
// when it will be. Waiting is the business of the callers (wait.h), the same for all kinds of files.

#include <cstdint>
#include <cstdlib>
#include <optional>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "base/intrusive_list.h"

namespace holm::posix {

using Outcome = long;  // a value, or a negative errno

// Someone who wants to know when a file's readiness may have changed. Leaves the file's list when destroyed.
class Watch : public ListHook<> {
  public:
    virtual void changed() = 0;
    // The file is about to go; only a watch that does not itself refer to the file learns of this.
    virtual void closed() {}

  protected:
    ~Watch() = default;
};

// Poll events of files that are always ready.
inline constexpr short kAlwaysReady = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;

class OpenFile {
  public:
    // `flags` as in open(): access mode and O_NONBLOCK, O_APPEND.
    explicit OpenFile(int flags) : flags_(flags) {}
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    virtual ~OpenFile() {
        watches_.for_each([](Watch& watch) { watch.closed(); });
    }

    // From the C library's heap, null when it is exhausted.
    static void* operator new(std::size_t size) noexcept { return std::malloc(size); }
    static void operator delete(void* memory) { std::free(memory); }

    virtual Outcome read(MutableBytes) { return -EINVAL; }
    virtual Outcome write(Bytes) { return -EINVAL; }
    virtual Outcome read_at(MutableBytes, std::uint64_t) { return -ESPIPE; }
    virtual Outcome seek(std::int64_t, int) { return -ESPIPE; }
    // POLLIN, POLLOUT, POLLHUP... as they are now.
    virtual short ready() const { return kAlwaysReady; }
    virtual void describe(struct stat& status) const = 0;
    // getdents64.
    virtual Outcome list(MutableBytes) { return -ENOTDIR; }
    virtual Outcome control(unsigned long, void*) { return -ENOTTY; }
    // All of the contents, if they lie in memory and never change.
    virtual std::optional<Bytes> contents() const { return std::nullopt; }
    // Path of a directory from the root, without the leading slash.
    virtual const char* directory_path() const { return nullptr; }
    // Non-null for sockets and epoll sets; the families tell their own files by the address of a tag of
    // theirs.
    virtual const void* kind() const { return nullptr; }

    int flags() const { return flags_; }
    void set_flags(int flags) { flags_ = flags; }
    bool is_non_blocking() const { return (flags_ & O_NONBLOCK) != 0; }
    bool may_read() const { return (flags_ & O_ACCMODE) != O_WRONLY; }
    bool may_write() const { return (flags_ & O_ACCMODE) != O_RDONLY; }

    void watch(Watch& watch) { watches_.push_back(watch); }

    // References: one for each descriptor and one for each call that is in progress.
    void retain() { ++references_; }
    void release() {
        if (--references_ == 0) delete this;
    }

  protected:
    // To be called when ready() may have gained something.
    void notify_watches() {
        watches_.for_each([](Watch& watch) { watch.changed(); });
    }

  private:
    int flags_;
    std::uint32_t references_ = 0;
    IntrusiveList<Watch> watches_;
};

// Keeps a file alive while a call uses it, even if another thread closes the descriptor meanwhile.
class FileReference {
  public:
    FileReference() = default;
    explicit FileReference(OpenFile* file) : file_(file) {
        if (file_ != nullptr) file_->retain();
    }
    FileReference(FileReference&& other) noexcept : file_(other.file_) { other.file_ = nullptr; }
    FileReference& operator=(FileReference&& other) noexcept {
        OpenFile* mine = file_;
        file_ = other.file_;
        other.file_ = mine;
        return *this;
    }
    ~FileReference() {
        if (file_ != nullptr) file_->release();
    }

    explicit operator bool() const { return file_ != nullptr; }
    OpenFile* operator->() const { return file_; }
    OpenFile& operator*() const { return *file_; }
    OpenFile* get() const { return file_; }

  private:
    OpenFile* file_ = nullptr;
};

}  // namespace holm::posix
