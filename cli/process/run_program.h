#pragma once

// Helpers around spawn(): a program that is run to its end.

#include <string>
#include <vector>

namespace holm::cli {

struct ProgramResult {
    int status = 0;      // exit status, or 128 + signal
    std::string output;  // standard output and error, when they were captured
};

// Output goes where ours goes.
int run_program(const std::vector<std::string>& words);

// Output is kept, up to 1 MiB.
ProgramResult run_captured(const std::vector<std::string>& words);

// Becomes the program; returns only by failing.
[[noreturn]] void become_program(const std::vector<std::string>& words);

}  // namespace holm::cli
