#include "tender/devices/block_device.h"

#include <array>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace holm::tender {
namespace {

constexpr int kNoWait = 8;  // RWF_NOWAIT
alignas(4096) constexpr std::array<std::byte, 4096> kZeroes{};

holm_virtio_block_status status_of_error(int error) {
    switch (error) {
        case ENOSPC:
        case EDQUOT:
        case EFBIG:
            return HOLM_VIRTIO_BLOCK_NO_SPACE;
        case EOPNOTSUPP:
            return HOLM_VIRTIO_BLOCK_UNSUPPORTED;
        default:
            return HOLM_VIRTIO_BLOCK_ERROR;
    }
}

// Plain calls, whose offset is one argument: what the filter of a thread lets through (block_calls.h).
ssize_t read_pieces(int file, std::span<const iovec> pieces, std::uint64_t offset, int flags) {
    return syscall(SYS_preadv2, file, pieces.data(), pieces.size(), offset, 0, flags);
}
// One piece at a time: the filter sees sizes in arguments, not in memory.
ssize_t write_piece(int file, const iovec& piece, std::uint64_t offset) {
    return syscall(SYS_pwrite64, file, piece.iov_base, piece.iov_len, offset);
}

std::span<iovec> advance(std::span<iovec> pieces, std::size_t size) {
    while (size != 0 && size >= pieces.front().iov_len) {
        size -= pieces.front().iov_len;
        pieces = pieces.subspan(1);
    }
    if (size != 0) {
        iovec& first = pieces.front();
        first.iov_base = static_cast<std::byte*>(first.iov_base) + size;
        first.iov_len -= size;
    }
    return pieces;
}

void signal_eventfd(int descriptor) {
    const std::uint64_t one = 1;
    // It cannot fail but for a count of 2^64, which nobody reaches.
    [[maybe_unused]] const ssize_t written = ::write(descriptor, &one, sizeof one);
}

}  // namespace

// Held for as long as it takes to copy a chain's descriptors, never while a disk is waited for.
class BlockDevice::Lock {
  public:
    explicit Lock(BlockDevice& device) : locked_(device.locked_) {
        constexpr unsigned kPatience = 100;
        for (unsigned tries = 1; locked_.test_and_set(std::memory_order_acquire); tries++) {
            if (tries % kPatience == 0)
                sched_yield();
            else
                __builtin_ia32_pause();
        }
    }
    ~Lock() { locked_.clear(std::memory_order_release); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

  private:
    std::atomic_flag& locked_;
};

void BlockDevice::serve() {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(handles_.doorbell, &count, sizeof count);
    while (serve_one()) {
    }
}

void BlockDevice::ring() {
    signal_eventfd(handles_.doorbell);
}

bool BlockDevice::take(std::span<iovec> pieces, Virtqueue::Chain& chain) {
    const Lock lock(*this);
    if (queue_.next(pieces, chain)) return true;
    if (queue_.broken() == nullptr) {
        queue_.notify_after(1);
        if (queue_.next(pieces, chain)) return true;
    }
    if (queue_.broken() == nullptr || broken() != nullptr) return false;
    broken_ = queue_.broken();
    tell();
    return false;
}

// This thread is about to wait for the disk: what else there is, and what comes, is for another one.
void BlockDevice::let_others_serve() {
    bool more = false;
    {
        const Lock lock(*this);
        queue_.notify_after(1);
        more = queue_.has_next();
    }
    // Also when none sleeps yet: one may be about to, and the guest does not ring for what it has published
    // already.
    if (more) ring();
}

void BlockDevice::give_back(const Virtqueue::Chain& chain, std::uint32_t length) {
    const Lock lock(*this);
    queue_.put(chain.head, length);
    if (queue_.publish()) tell();
}

// In this order: whoever sees the news finds the eventfd set.
void BlockDevice::tell() {
    signal_eventfd(handles_.news);
    news_ = true;
}

bool BlockDevice::take_news() {
    if (!news_.exchange(false)) return false;
    std::uint64_t count = 0;
    // A call that the thread of the processor has anyway (vm/vcpu_calls.h).
    const iovec piece{&count, sizeof count};
    [[maybe_unused]] const ssize_t got = readv(handles_.news, &piece, 1);
    return true;
}

bool BlockDevice::serve_one() {
    std::array<iovec, Virtqueue::kMaximumPieces> pieces;
    Virtqueue::Chain chain;
    if (!take(pieces, chain)) return false;
    const BlockCommand command = parse_block_command(pieces, chain, limits_);
    if (command.malformed != nullptr) {
        broken_ = command.malformed;
        tell();
        return false;
    }
    const holm_virtio_block_status status =
        command.verdict == HOLM_VIRTIO_BLOCK_OK ? perform(command) : command.verdict;
    *command.status = static_cast<std::uint8_t>(status);
    const bool has_read = status == HOLM_VIRTIO_BLOCK_OK && command.type == HOLM_VIRTIO_BLOCK_READ;
    give_back(chain, has_read ? chain.writable_size : 1);
    return true;
}

holm_virtio_block_status BlockDevice::perform(const BlockCommand& command) {
    if (command.type == HOLM_VIRTIO_BLOCK_READ) return read(command);
    let_others_serve();
    switch (command.type) {
        case HOLM_VIRTIO_BLOCK_WRITE:
            return write(command);
        case HOLM_VIRTIO_BLOCK_FLUSH:
            return fdatasync(handles_.file) == 0 ? HOLM_VIRTIO_BLOCK_OK : status_of_error(errno);
        default:
            return make_hole(command);
    }
}

// What is in the host's memory comes at once, without another thread being woken for what is behind it.
holm_virtio_block_status BlockDevice::read(const BlockCommand& command) {
    std::span<iovec> pieces = command.data;
    std::uint64_t done = 0;
    int flags = kNoWait;
    while (done < command.size) {
        const ssize_t got = read_pieces(handles_.file, pieces, command.offset + done, flags);
        if (got > 0) {
            done += static_cast<std::uint64_t>(got);
            pieces = advance(pieces, static_cast<std::size_t>(got));
        } else if (flags == 0 && got == 0) {
            return HOLM_VIRTIO_BLOCK_ERROR;  // the file has become shorter
        } else if (flags == 0 && errno != EINTR) {
            return status_of_error(errno);
        }
        if (done < command.size && flags != 0) {
            flags = 0;
            let_others_serve();
        }
    }
    return HOLM_VIRTIO_BLOCK_OK;
}

holm_virtio_block_status BlockDevice::write(const BlockCommand& command) {
    std::span<iovec> pieces = command.data;
    std::uint64_t done = 0;
    while (done < command.size) {
        const ssize_t written = write_piece(handles_.file, pieces.front(), command.offset + done);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return written == 0 ? HOLM_VIRTIO_BLOCK_ERROR : status_of_error(errno);
        done += static_cast<std::uint64_t>(written);
        pieces = advance(pieces, static_cast<std::size_t>(written));
    }
    return HOLM_VIRTIO_BLOCK_OK;
}

// Both discarding and writing zeroes free what lies behind; zeroes are written where that is not possible.
holm_virtio_block_status BlockDevice::make_hole(const BlockCommand& command) {
    if (command.size == 0) return HOLM_VIRTIO_BLOCK_OK;
    constexpr int kMode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    if (fallocate(handles_.file, kMode, static_cast<off_t>(command.offset),
                  static_cast<off_t>(command.size)) == 0)
        return HOLM_VIRTIO_BLOCK_OK;
    if (errno != EOPNOTSUPP || command.type == HOLM_VIRTIO_BLOCK_DISCARD) return status_of_error(errno);
    BlockCommand part = command;
    while (part.size != 0) {
        const std::uint64_t now = part.size < kZeroes.size() ? part.size : kZeroes.size();
        iovec piece{const_cast<std::byte*>(kZeroes.data()), static_cast<std::size_t>(now)};
        BlockCommand one = part;
        one.size = now;
        one.data = {&piece, 1};
        if (const auto status = write(one); status != HOLM_VIRTIO_BLOCK_OK) return status;
        part.offset += now;
        part.size -= now;
    }
    return HOLM_VIRTIO_BLOCK_OK;
}

}  // namespace holm::tender
