#pragma once

#include <string>
#include <string_view>

#include "cli/inspect/inspection.h"

namespace holm::cli {

// For people. `all`: every file, symbol and caller rather than the largest.
std::string text_report(const Inspection& inspection, std::string_view path, bool all);
// For programs: one JSON object.
std::string json_report(const Inspection& inspection, std::string_view path);

// "read" for 0, by libseccomp's table; the number itself when it has no name.
std::string system_call_name(unsigned number);

// "r-x"
std::string protection_text(std::uint32_t flags);

// What the image is protected by, as far as its file tells.
struct Protection {
    std::string_view what;
    bool holds;
    std::string detail;
};
std::vector<Protection> protections_of(const Inspection& inspection);

}  // namespace holm::cli
