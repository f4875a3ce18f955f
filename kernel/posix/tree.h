#pragma once

// The file tree that programs see: the embedded files of the image, and a few devices under /dev.

#include <optional>

#include "abi/embedded_files.h"
#include "kernel/posix/open_file.h"
#include "kernel/posix/path.h"

namespace holm::posix {

// chdir's directory; the root at the start.
class WorkingDirectory {
  public:
    std::string_view path() const { return path_.text(); }
    void set(const Path& path) { path_ = path; }

  private:
    Path path_;
};

enum class Device : std::uint8_t { kNull, kZero, kRandom, kConsole, kDirectory };
std::optional<Device> find_device(std::string_view path);

// What a path names: an embedded file or a device.
struct Node {
    std::optional<EmbeddedFile> file;
    Device device = Device::kNull;
};

// Resolves `path` relative to the open directory `descriptor` (or AT_FDCWD).
Outcome resolve(int descriptor, const char* path, Path& result);
// The same, and looks the result up; -ENOENT when there is nothing.
Outcome look_up(int descriptor, const char* path, Node& result);

void describe(const EmbeddedFile& file, struct stat& status);
void describe(Device device, struct stat& status);

// Null without memory.
OpenFile* open_embedded(const EmbeddedFile& file, int flags);
OpenFile* open_device(Device device, int flags);

}  // namespace holm::posix
