#pragma once

// Reads router.toml, and the route files that it names, into what a router's table is built from.

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/settings/mistake.h"
#include "services/route/table_builder.h"

namespace holm::cli {

struct RoutesMistake {
    std::string file;
    Mistake mistake;
};

// A file beside router.toml: its text, or why it cannot be read.
using ReadFile = std::function<std::expected<std::string, std::string>(const std::string& path)>;

// At most 20 mistakes, in the order in which they were found. `file`: what mistakes call the text.
std::expected<route::TableParts, std::vector<RoutesMistake>> read_router(std::string_view text,
                                                                         const std::string& file,
                                                                         const ReadFile& read_file);

}  // namespace holm::cli
