#pragma once

// A file that a user names, read whole.

#include <cstddef>
#include <expected>
#include <string>

namespace holm::cli {

// The error is a phrase to put behind the file's name. What is larger than `largest` bytes is not read to its
// end: it may have none.
std::expected<std::string, std::string> read_input_file(const std::string& path, std::size_t largest);

}  // namespace holm::cli
