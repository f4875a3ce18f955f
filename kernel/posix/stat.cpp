// What is known about a file: kind, size, number. There are no times and owners: an image is the same
// whenever it is built, so all times are the epoch.

#include <linux/stat.h>
#include <sys/sysmacros.h>

#include "kernel/posix/descriptors.h"
#include "kernel/posix/system_call.h"
#include "kernel/posix/tree.h"

namespace holm::posix {
namespace {

Outcome describe_path(int directory, const char* path, int flags, struct stat& status) {
    status = {};
    if ((flags & AT_EMPTY_PATH) != 0 && path != nullptr && *path == '\0' && directory != AT_FDCWD) {
        const FileReference file = find_file(directory);
        if (!file) return -EBADF;
        file->describe(status);
        return 0;
    }
    Node node;
    if (const Outcome found = look_up(directory, path, node); found < 0) return found;
    if (node.file) {
        describe(*node.file, status);
    } else {
        describe(node.device, status);
    }
    return 0;
}

}  // namespace

SYSTEM_CALL(newfstatat, int directory, const char* path, struct stat* status, int flags) {
    return describe_path(directory, path, flags, *status);
}

SYSTEM_CALL(stat, const char* path, struct stat* status) {
    return describe_path(AT_FDCWD, path, 0, *status);
}

SYSTEM_CALL(lstat, const char* path, struct stat* status) {
    return describe_path(AT_FDCWD, path, 0, *status);
}

SYSTEM_CALL(statx, int directory, const char* path, int flags, unsigned, struct statx* result) {
    struct stat status;
    if (const Outcome outcome = describe_path(directory, path, flags, status); outcome < 0) return outcome;
    *result = {};
    result->stx_mask = STATX_TYPE | STATX_MODE | STATX_NLINK | STATX_INO | STATX_SIZE | STATX_BLOCKS;
    result->stx_blksize = static_cast<std::uint32_t>(status.st_blksize);
    result->stx_nlink = static_cast<std::uint32_t>(status.st_nlink);
    result->stx_mode = static_cast<std::uint16_t>(status.st_mode);
    result->stx_ino = status.st_ino;
    result->stx_size = static_cast<std::uint64_t>(status.st_size);
    result->stx_blocks = static_cast<std::uint64_t>(status.st_blocks);
    result->stx_dev_major = major(status.st_dev);
    result->stx_dev_minor = minor(status.st_dev);
    return 0;
}

}  // namespace holm::posix
