#pragma once

#include <chrono>
#include <string_view>

#include "cli/text/values.h"

namespace holm::cli {

// "5s", "500ms", "1m30s": at most a day.
Parsed<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace holm::cli
