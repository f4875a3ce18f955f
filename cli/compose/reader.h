#pragma once

// Reads a compose file (holm.compose.toml, holm.compose.yaml). Every mistake is reported, not only the first,
// each with its place and what is allowed instead. Pure: what the images themselves say is checked in
// images.h.

#include <expected>
#include <string_view>

#include "cli/compose/description.h"

namespace holm::cli {

inline constexpr std::size_t kLargestComposeFile = 1 << 20;  // bytes

// `text` is the file's contents, `project` the name of the project when the file does not say one.
std::expected<Compose, Mistakes> read_compose(std::string_view text, std::string_view project,
                                              Notation notation = Notation::kToml);

}  // namespace holm::cli
