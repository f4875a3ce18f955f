#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace holm::cli {

// A rule for make and ninja that says what a file depends on; characters that mean something to them are
// escaped.
std::string make_rule(std::string_view target, std::span<const std::filesystem::path> inputs);

}  // namespace holm::cli
