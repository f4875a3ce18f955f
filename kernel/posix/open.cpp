// Opening files, and where programs are in the tree.

#include <string.h>
#include <unistd.h>

#include "kernel/posix/descriptors.h"
#include "kernel/posix/system_call.h"
#include "kernel/posix/tree.h"

namespace holm::posix {

SYSTEM_CALL(openat, int directory, const char* path, int flags) {
    Node node;
    const Outcome found = look_up(directory, path, node);
    if (found == -ENOENT && (flags & O_CREAT) != 0) return -EROFS;
    if (found < 0) return found;
    if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL)) return -EEXIST;
    const bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0;
    if (node.file) {
        if (writes) return node.file->is_directory() ? -EISDIR : -EROFS;
        if ((flags & O_DIRECTORY) != 0 && !node.file->is_directory()) return -ENOTDIR;
        return add_descriptor(open_embedded(*node.file, flags), flags);
    }
    if (node.device == Device::kDirectory) return -EACCES;  // cannot be listed
    if ((flags & O_DIRECTORY) != 0) return -ENOTDIR;
    return add_descriptor(open_device(node.device, flags), flags);
}

SYSTEM_CALL(open, const char* path, int flags) {
    return system_openat(AT_FDCWD, path, flags);
}

SYSTEM_CALL(chdir, const char* path) {
    Path resolved;
    if (const Outcome outcome = resolve(AT_FDCWD, path, resolved); outcome < 0) return outcome;
    const std::optional<EmbeddedFile> directory = embedded_files().find(resolved.text());
    if (!directory) return -ENOENT;
    if (!directory->is_directory()) return -ENOTDIR;
    WorkingDirectory* working = part(&State::working_directory);
    if (working == nullptr) return -ENOMEM;
    working->set(resolved);
    return 0;
}

// Linux counts the terminating NUL.
SYSTEM_CALL(getcwd, char* buffer, std::size_t size) {
    const WorkingDirectory* working = state().working_directory;
    const std::string_view path = working != nullptr ? working->path() : "";
    if (size < path.size() + 2) return -ERANGE;
    buffer[0] = '/';
    memcpy(buffer + 1, path.data(), path.size());
    buffer[path.size() + 1] = '\0';
    return static_cast<Outcome>(path.size() + 2);
}

SYSTEM_CALL(faccessat2, int directory, const char* path, int mode) {
    Node node;
    if (const Outcome found = look_up(directory, path, node); found < 0) return found;
    if ((mode & W_OK) != 0 && node.file) return -EROFS;
    const bool searchable = node.file && node.file->is_directory();
    return (mode & X_OK) != 0 && !searchable ? -EACCES : 0;
}

SYSTEM_CALL(faccessat, int directory, const char* path, int mode) {
    return system_faccessat2(directory, path, mode);
}

SYSTEM_CALL(access, const char* path, int mode) {
    return system_faccessat2(AT_FDCWD, path, mode);
}

// There are no symbolic links: what exists is not one.
SYSTEM_CALL(readlinkat, int directory, const char* path) {
    Node node;
    const Outcome found = look_up(directory, path, node);
    return found < 0 ? found : -EINVAL;
}

SYSTEM_CALL(readlink, const char* path) {
    return system_readlinkat(AT_FDCWD, path);
}

SYSTEM_CALL(getdents64, int descriptor, void* buffer, std::size_t size) {
    const FileReference file = find_file(descriptor);
    return file ? file->list({static_cast<std::byte*>(buffer), size}) : -EBADF;
}

}  // namespace holm::posix
