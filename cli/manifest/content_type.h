#pragma once

#include <string_view>

namespace holm::cli {

// The media type that goes with a file name's extension; "application/octet-stream" when it is not a known
// one.
std::string_view content_type_of(std::string_view file_name);

}  // namespace holm::cli
