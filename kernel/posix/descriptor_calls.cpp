// Descriptors as such: closing, duplicating, flags.

#include <fcntl.h>

#include "kernel/posix/descriptors.h"
#include "kernel/posix/system_call.h"

namespace holm::posix {
namespace {

constexpr int kChangeable = O_NONBLOCK | O_APPEND;

Outcome duplicate(int descriptor, int minimum, bool close_on_exec) {
    FileReference file = find_file(descriptor);
    if (!file) return -EBADF;
    if (minimum < 0 || minimum >= kMaxDescriptors) return -EINVAL;
    return descriptors()->add(std::move(file), close_on_exec, minimum);
}

}  // namespace

SYSTEM_CALL(close, int descriptor) {
    DescriptorTable* table = descriptors();
    return table != nullptr ? table->close(descriptor) : -EBADF;
}

SYSTEM_CALL(dup, int descriptor) {
    return duplicate(descriptor, 0, false);
}

SYSTEM_CALL(dup3, int from, int to, int flags) {
    FileReference file = find_file(from);
    if (!file) return -EBADF;
    if (from == to || (flags & ~O_CLOEXEC) != 0) return -EINVAL;
    return descriptors()->replace(to, std::move(file), (flags & O_CLOEXEC) != 0);
}

SYSTEM_CALL(dup2, int from, int to) {
    if (from == to) return find_file(from) ? to : -EBADF;
    return system_dup3(from, to, 0);
}

SYSTEM_CALL(fcntl, int descriptor, int command, long argument) {
    const FileReference file = find_file(descriptor);
    if (!file) return -EBADF;
    switch (command) {
        case F_DUPFD:
            return duplicate(descriptor, static_cast<int>(argument), false);
        case F_DUPFD_CLOEXEC:
            return duplicate(descriptor, static_cast<int>(argument), true);
        case F_GETFD:
            return descriptors()->close_on_exec(descriptor) ? FD_CLOEXEC : 0;
        case F_SETFD:
            descriptors()->set_close_on_exec(descriptor, (argument & FD_CLOEXEC) != 0);
            return 0;
        case F_GETFL:
            return file->flags();
        case F_SETFL:
            file->set_flags((file->flags() & ~kChangeable) | (static_cast<int>(argument) & kChangeable));
            return 0;
        default:
            return refuse_use("fcntl with another command", EINVAL);
    }
}

}  // namespace holm::posix
