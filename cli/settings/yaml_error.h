#pragma once

// What libyaml says of a mistake, for people.

#include <string_view>

#include <yaml.h>

#include "cli/settings/mistake.h"

namespace holm::cli {

// Of a parser that has just failed on `text`.
Mistake describe_yaml_error(const yaml_parser_t& parser, std::string_view text);

Position position_of(const yaml_mark_t& mark);

}  // namespace holm::cli
