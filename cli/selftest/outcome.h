#pragma once

// What came of a check: from an instance's output and end to a verdict and a sentence. Pure.

#include <string>
#include <string_view>
#include <vector>

#include "cli/selftest/checks.h"

namespace holm::cli {

// One instance, seen to its end.
struct Ending {
    std::string output;    // standard output and error
    int status = 0;        // exit status, or 128 + signal
    bool in_time = false;  // it ended by itself
};

struct Outcome {
    bool passed = false;
    std::string tried;
    std::string happened;
};

// For kPanic, kStopped and kRefused.
Outcome judge(const Check& check, const Ending& ending);

// For kDiffers: several starts.
Outcome judge_values(const std::vector<Ending>& endings);

// For kNoStart; `attempt` is what was tried.
Outcome judge_refusal(std::string_view attempt, const Ending& ending);

// "name TEXT" in some line: TEXT without the blanks around it, or "".
std::string_view line_behind(std::string_view output, std::string_view name);

}  // namespace holm::cli
