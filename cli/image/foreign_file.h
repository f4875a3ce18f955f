#pragma once

// Files that are no Holm images at all, and what to tell whoever took one for an image.

#include <string>
#include <string_view>

#include "base/bytes.h"

namespace holm::cli {

// A sentence for a file that begins with `head` and carries no manifest: that it is no image, what it is
// instead, and what to do. `name` is the file's.
std::string describe_foreign_file(std::string_view name, Bytes head);

}  // namespace holm::cli
