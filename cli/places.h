#pragma once

// Where things are, seen from the holm program: in a source tree (build/bin/holm) or installed
// (PREFIX/bin/holm).

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace holm::cli {

// Root of the source tree this program was built in, if it is still there.
std::optional<std::filesystem::path> source_tree();

// Another program of Holm ("holm-process"); fails when it is missing.
std::filesystem::path sibling_program(std::string_view name);

// A file that comes with Holm and is no program: "gdb/holm_gdb.py".
std::filesystem::path own_file(std::string_view name);

// An image that comes with Holm ("selftest"); fails when it is missing.
std::filesystem::path own_image(std::string_view name);

// An executable on PATH, if there is one.
std::optional<std::filesystem::path> find_on_path(std::string_view name);

}  // namespace holm::cli
