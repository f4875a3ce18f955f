#pragma once

// A compose file, read and held against its images.

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "cli/compose/description.h"
#include "cli/compose/images.h"

namespace holm::cli {

// What a folder may have, and how it is called then; one of them.
inline constexpr std::array<std::string_view, 3> kComposeFiles{"holm.compose.toml", "holm.compose.yaml",
                                                               "holm.compose.yml"};

struct ComposeFile {
    std::filesystem::path path;  // absolute
    Compose compose;
    std::vector<PlannedService> planned;  // as Compose::services
};

// `what`: the file, or a folder with one of kComposeFiles. A name that ends in .yaml or .yml is YAML, any
// other TOML. Prints every mistake and fails.
ComposeFile load_compose_file(const std::string& what);

// What the topology of that file is called; "" if there is no such file, or it has mistakes.
std::string topology_name_of(const std::string& what);

}  // namespace holm::cli
