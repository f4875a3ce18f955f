#pragma once

// How a configuration file is written, and how messages speak of it. They are worded in this program as for
// TOML.

#include <string>
#include <string_view>

namespace holm::cli {

enum class Notation { kToml, kYaml };

// A table's name or a line of a file, in the notation: "[services.web]" is services.web in YAML, and
// image = "web" is image: "web".
std::string spelled(Notation notation, std::string_view as_toml);

}  // namespace holm::cli
