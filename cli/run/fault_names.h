#pragma once

// A fault that an image cannot report itself is reported by holm-vm, which is confined and has no symbols:
// its report has addresses. Here are their names, from NAME.debug.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace holm::cli {

// The addresses of the backtrace in what a tender said; none if there is no such report.
std::vector<std::string> reported_addresses(std::string_view said);

// Prints function and line of each, if NAME.debug and llvm-symbolizer are there; else nothing.
void print_names(const std::vector<std::string>& addresses, const std::filesystem::path& image);

// Where the symbols of an image would be.
std::filesystem::path symbols_beside(const std::filesystem::path& image);

}  // namespace holm::cli
