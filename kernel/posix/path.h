#pragma once

// Paths as programs write them, turned into the literal paths of the embedded tree.

#include <cstdint>
#include <string_view>

#include "abi/embedded_files.h"
#include "kernel/posix/open_file.h"

namespace holm::posix {

// The directory of the devices, which need not be in the embedded tree.
inline constexpr std::string_view kDeviceDirectory = "dev";

// From the root, without leading or trailing slash: "" is the root, "etc/motd" a file.
class Path {
  public:
    std::string_view text() const { return {text_, size_}; }
    const char* c_str() const { return text_; }
    // The path was written with a slash, "." or ".." at its end: it can only be a directory.
    bool must_be_directory() const { return must_be_directory_; }

    // Resolves `written` against the directory `base`, both as above. -ENOENT for the empty path;
    // -ENAMETOOLONG beyond HOLM_FILES_MAX_PATH; -ENOTDIR and -ENOENT when a component that is passed through
    // is a file or nothing. There are no symbolic links, so nothing else can happen on the way.
    Outcome resolve(const EmbeddedFiles& files, std::string_view base, std::string_view written);

  private:
    bool append(std::string_view component);
    void remove_last();

    std::uint32_t size_ = 0;
    bool must_be_directory_ = false;
    char text_[HOLM_FILES_MAX_PATH + 1];
};

}  // namespace holm::posix
