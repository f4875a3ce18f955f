#pragma once

// A compose file, read and held against its images.

#include <filesystem>
#include <string>
#include <vector>

#include "cli/compose/description.h"
#include "cli/compose/images.h"

namespace holm::cli {

inline constexpr const char* kComposeFile = "holm.compose.toml";

struct ComposeFile {
    std::filesystem::path path;  // absolute
    Compose compose;
    std::vector<PlannedService> planned;  // as Compose::services
};

// `what`: the file, or a folder with a holm.compose.toml. Prints every mistake and fails.
ComposeFile load_compose_file(const std::string& what);

}  // namespace holm::cli
