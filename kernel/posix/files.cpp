// Reading, writing and the other calls on descriptors that every kind of file shares.

#include <span>

#include <fcntl.h>
#include <limits.h>
#include <sys/uio.h>

#include "kernel/posix/descriptors.h"
#include "kernel/posix/system_call.h"
#include "kernel/posix/wait.h"

namespace holm::posix {
namespace {

// Linux moves at most this much in one call.
constexpr std::size_t kMaxTransfer = 0x7ffff000;

MutableBytes buffer(void* start, std::size_t size) {
    return {static_cast<std::byte*>(start), std::min(size, kMaxTransfer)};
}
Bytes buffer(const void* start, std::size_t size) {
    return {static_cast<const std::byte*>(start), std::min(size, kMaxTransfer)};
}

// One buffer after another, until one is not filled or emptied: what was moved so far then counts as success.
template <typename Move>
Outcome for_each_buffer(const iovec* vector, int count, Move move) {
    if (count < 0 || count > IOV_MAX) return -EINVAL;
    Outcome total = 0;
    for (const iovec& piece : std::span(vector, static_cast<std::size_t>(count))) {
        if (piece.iov_len == 0) continue;
        const Outcome moved = move(piece, total);
        if (moved < 0) return total > 0 ? total : moved;
        total += moved;
        if (static_cast<std::size_t>(moved) < piece.iov_len) break;
    }
    return total;
}

// Only the first buffer waits for the file: after that, a short count is the better answer.
Outcome read_from(OpenFile& file, MutableBytes bytes, bool wait) {
    if (!file.may_read()) return -EBADF;
    if (!wait) return file.read(bytes);
    return when_ready(file, POLLIN, "read", [&] { return file.read(bytes); });
}

// A blocking write returns only when all of it is taken, as Linux has it.
Outcome write_to(OpenFile& file, Bytes bytes, bool wait) {
    if (!file.may_write()) return -EBADF;
    if (!wait) return file.write(bytes);
    Outcome total = 0;
    for (;;) {
        const Bytes rest = bytes.subspan(static_cast<std::size_t>(total));
        const Outcome written = when_ready(file, POLLOUT, "write", [&] { return file.write(rest); });
        if (written < 0) return total > 0 ? total : written;
        total += written;
        if (file.is_non_blocking() || static_cast<std::size_t>(total) == bytes.size()) return total;
    }
}

}  // namespace

SYSTEM_CALL(read, int descriptor, void* start, std::size_t size) {
    const FileReference file = find_file(descriptor);
    return file ? read_from(*file, buffer(start, size), true) : -EBADF;
}

SYSTEM_CALL(readv, int descriptor, const iovec* vector, int count) {
    const FileReference file = find_file(descriptor);
    if (!file) return -EBADF;
    return for_each_buffer(vector, count, [&](const iovec& piece, Outcome before) {
        return read_from(*file, buffer(piece.iov_base, piece.iov_len), before == 0);
    });
}

SYSTEM_CALL(write, int descriptor, const void* start, std::size_t size) {
    const FileReference file = find_file(descriptor);
    return file ? write_to(*file, buffer(start, size), true) : -EBADF;
}

SYSTEM_CALL(writev, int descriptor, const iovec* vector, int count) {
    const FileReference file = find_file(descriptor);
    if (!file) return -EBADF;
    const bool wait = !file->is_non_blocking();
    return for_each_buffer(vector, count, [&](const iovec& piece, Outcome before) {
        return write_to(*file, buffer(const_cast<const void*>(piece.iov_base), piece.iov_len),
                        wait || before == 0);
    });
}

SYSTEM_CALL(pread64, int descriptor, void* start, std::size_t size, std::int64_t offset) {
    const FileReference file = find_file(descriptor);
    if (!file || !file->may_read()) return -EBADF;
    return offset < 0 ? -EINVAL : file->read_at(buffer(start, size), static_cast<std::uint64_t>(offset));
}

SYSTEM_CALL(preadv, int descriptor, const iovec* vector, int count, std::int64_t offset) {
    const FileReference file = find_file(descriptor);
    if (!file || !file->may_read()) return -EBADF;
    if (offset < 0) return -EINVAL;
    return for_each_buffer(vector, count, [&](const iovec& piece, Outcome before) {
        return file->read_at(buffer(piece.iov_base, piece.iov_len),
                             static_cast<std::uint64_t>(offset + before));
    });
}

// Nothing that can be written has positions.
SYSTEM_CALL(pwrite64, int descriptor) {
    const FileReference file = find_file(descriptor);
    return file && file->may_write() ? -ESPIPE : -EBADF;
}

SYSTEM_CALL(pwritev, int descriptor) {
    return system_pwrite64(descriptor);
}

SYSTEM_CALL(lseek, int descriptor, std::int64_t offset, int whence) {
    const FileReference file = find_file(descriptor);
    return file ? file->seek(offset, whence) : -EBADF;
}

SYSTEM_CALL(fsync, int descriptor) {
    return find_file(descriptor) ? -EINVAL : -EBADF;  // as for any file that has no storage behind it
}

SYSTEM_CALL(fdatasync, int descriptor) {
    return system_fsync(descriptor);
}

SYSTEM_CALL(ioctl, int descriptor, unsigned long request, void* argument) {
    const FileReference file = find_file(descriptor);
    return file ? file->control(request, argument) : -EBADF;
}

}  // namespace holm::posix
