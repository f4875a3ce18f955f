// holm test, bench, install: what the ./holm of the source tree does.

#include <memory>

#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/places.h"
#include "cli/process/run_program.h"

namespace holm::cli {
namespace {

void add_dispatch(CommandLine& line, const std::string& name, std::string_view summary) {
    const auto words = std::make_shared<std::vector<std::string>>();
    line.add_command(name, summary).everything(*words).action([name, words]() -> int {
        const auto root = source_tree();
        if (!root) fail_with("holm {0} works in Holm's source tree; run ./holm {0} there", name);
        std::vector<std::string> command = {"/bin/bash", (*root / "holm").string(), name};
        command.insert(command.end(), words->begin(), words->end());
        become_program(command);
    });
}

}  // namespace

void add_dispatches(CommandLine& line) {
    add_dispatch(line, "test", "Run the tests: all, fast, or a tier");
    add_dispatch(line, "bench", "Measure, beside the peers");
    add_dispatch(line, "install", "Put holm on PATH: install [--prefix DIR]");
}

}  // namespace holm::cli
