#pragma once

// The protection self-test: what it tries, and what must come of it.

#include <span>
#include <string_view>

namespace holm::cli {

// Which tenders a check makes sense on.
enum class Tenders { kAll, kProcess, kVm, kProcessAndVm };

enum class Expectation {
    kPanic,    // the library OS reports it, status 134
    kStopped,  // the instance does not survive it, whoever ends it
    kRefused,  // the image is told no, and goes on
    kDiffers,  // another value at each start
    kNoStart,  // the tender does not start the instance, and says why
    kOutside,  // seen from the host while the instance waits
};

struct Check {
    std::string_view area;
    std::string_view name;   // the image's argument, for those that it tries itself
    std::string_view title;  // what holds if it passes
    Expectation expectation;
    Tenders tenders = Tenders::kAll;
};

std::span<const Check> all_checks();

bool runs_on(const Check& check, std::string_view tender);

}  // namespace holm::cli
