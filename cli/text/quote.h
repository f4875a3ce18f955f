#pragma once

// Text from outside, made fit for a message: quoted, control bytes escaped (no terminal escapes get through),
// cut when long.

#include <string>
#include <string_view>

namespace holm::cli {

std::string quote(std::string_view text);

// The same without quotation marks: for text in a column of its own.
std::string printable(std::string_view text);

}  // namespace holm::cli
