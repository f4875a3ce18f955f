#pragma once

// The end of a start that went wrong: one sentence on standard error and the status 125.

#include <string_view>

#include "tender/text/sentence.h"

namespace holm::tender {

constexpr int kRefusedStatus = 125;

// The program's own name, in front of all that it says; each tender's main.cpp defines it.
extern const std::string_view kProgramName;

[[noreturn]] void refuse(const Sentence& why);
[[noreturn]] void refuse(std::string_view why);

// "WHY: what errno says".
[[noreturn]] void refuse_with_errno(std::string_view why);

}  // namespace holm::tender
