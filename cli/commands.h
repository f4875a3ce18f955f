#pragma once

// The commands of holm. Each adds itself, with its options and help, to the command line.

#include <string>
#include <vector>

#include "cli/command_line.h"

namespace holm::cli {

void add_demo(CommandLine& line);
void add_new(CommandLine& line);
void add_build(CommandLine& line);
// `service_arguments`: what stands behind "--".
void add_run(CommandLine& line, const std::vector<std::string>& service_arguments);
void add_inspect(CommandLine& line);
void add_up(CommandLine& line);
void add_down(CommandLine& line);
void add_restart(CommandLine& line);
void add_exec(CommandLine& line);
void add_ps(CommandLine& line);
void add_stop(CommandLine& line);
void add_logs(CommandLine& line);
// `words_behind`: what stands behind "--".
void add_gdb(CommandLine& line, const std::vector<std::string>& words_behind);
void add_dump(CommandLine& line);
void add_selftest(CommandLine& line);
void add_doctor(CommandLine& line);
// Programs of the source tree: test, bench, install.
void add_dispatches(CommandLine& line);

}  // namespace holm::cli
