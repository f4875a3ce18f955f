#pragma once

// Reads holm.toml. Every mistake is reported, not only the first, each with its place and what is allowed
// instead.

#include <expected>
#include <string_view>

#include "cli/manifest/description.h"

namespace holm::cli {

// `text` is the file's contents, `name` what the build calls the image ("" when it does not say). Mistakes
// come in the order of the file, at most 20.
std::expected<ImageDescription, Mistakes> read_description(std::string_view text, std::string_view name);

// Whether a relative path stays where it is: no empty, "." or ".." component. One slash at the end is
// accepted, and
// "" is the folder itself.
bool is_inside(std::string_view path);

}  // namespace holm::cli
