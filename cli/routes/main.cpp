// holm-routes: the build's tool that turns router.toml into the table of a router's image.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/routes/reader.h"
#include "cli/text/format.h"
#include "cli/text/input_file.h"
#include "cli/text/make_rule.h"

namespace {

namespace fs = std::filesystem;
using namespace holm::cli;

struct Options {
    std::string input;
    std::string output;
    std::string depfile;
};

constexpr std::size_t kLargestInput = std::size_t{1} << 30;  // bytes; a full table of routes is 100 MB

int run(const Options& options) {
    if (options.output.empty()) {
        print_line(stderr, "holm-routes: --output is needed");
        return 2;
    }
    const auto text = read_input_file(options.input, kLargestInput);
    if (!text) {
        print_line(stderr, "{}: {}", options.input, text.error());
        return 1;
    }
    const fs::path folder = fs::absolute(options.input).parent_path();
    std::vector<fs::path> inputs{fs::absolute(options.input)};
    auto parts = read_router(*text, options.input, [&](const std::string& path) {
        inputs.push_back(folder / path);
        return read_input_file((folder / path).string(), kLargestInput);
    });
    if (!parts) {
        for (const auto& [file, mistake] : parts.error())
            print_line(stderr, "{}", format_mistake(file, mistake));
        return 1;
    }
    const auto table = holm::route::build_table(*std::move(parts));
    std::ofstream file(options.output, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(table.data()), std::streamsize(table.size()));
    file.close();
    if (!file) {
        print_line(stderr, "holm-routes: cannot write {}", options.output);
        return 1;
    }
    if (options.depfile.empty()) return 0;
    std::ofstream rule(options.depfile, std::ios::trunc);
    rule << make_rule(options.output, inputs);
    return rule ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CommandLine line("holm-routes", "Compiles router.toml to the table of a router's image.", HOLM_VERSION);
    line.whole_program()
        .positional("CONFIG", options.input, "router.toml")
        .option("--output", options.output, "the table to write")
        .option("--depfile", options.depfile, "make rule to write: what the output depends on")
        .action([&] { return run(options); });
    return line.run(std::vector<std::string>(argv + std::min(argc, 1), argv + argc));
}
