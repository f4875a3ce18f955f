#include "kernel/posix/tree.h"

#include "kernel/posix/descriptors.h"
#include "kernel/posix/system_call.h"

namespace holm::posix {
namespace {

constexpr ino_t kFirstDeviceInode = 0x1000'0000;
constexpr dev_t kTreeDevice = 1;

}  // namespace

Outcome resolve(int descriptor, const char* path, Path& result) {
    if (path == nullptr) return -EFAULT;
    const std::string_view written = path;
    std::string_view base;
    FileReference directory;
    if (written.starts_with('/')) {
    } else if (descriptor == AT_FDCWD) {
        if (const WorkingDirectory* working = state().working_directory) base = working->path();
    } else {
        directory = find_file(descriptor);
        if (!directory) return -EBADF;
        if (directory->directory_path() == nullptr) return -ENOTDIR;
        base = directory->directory_path();
    }
    return result.resolve(embedded_files(), base, written);
}

Outcome look_up(int descriptor, const char* path, Node& result) {
    Path resolved;
    if (const Outcome outcome = resolve(descriptor, path, resolved); outcome < 0) return outcome;
    result.file = embedded_files().find(resolved.text());
    if (result.file) return resolved.must_be_directory() && !result.file->is_directory() ? -ENOTDIR : 0;
    const std::optional<Device> device = find_device(resolved.text());
    if (!device) return -ENOENT;
    result.device = *device;
    return resolved.must_be_directory() && *device != Device::kDirectory ? -ENOTDIR : 0;
}

void describe(const EmbeddedFile& file, struct stat& status) {
    status.st_dev = kTreeDevice;
    status.st_ino = file.index() + 1;
    status.st_nlink = 1;
    status.st_mode = file.is_directory() ? S_IFDIR | 0555 : S_IFREG | 0444;
    status.st_size = static_cast<off_t>(file.contents().size());
    status.st_blksize = 4096;
    status.st_blocks = (status.st_size + 511) / 512;
}

void describe(Device device, struct stat& status) {
    status.st_dev = kTreeDevice;
    status.st_ino = kFirstDeviceInode + static_cast<unsigned>(device);
    status.st_nlink = 1;
    status.st_mode = device == Device::kDirectory ? S_IFDIR | 0555 : S_IFCHR | 0666;
    status.st_blksize = 4096;
}

}  // namespace holm::posix
