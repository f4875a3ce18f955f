// holm-rules: the build's tool that turns rules in the nft language into the table that a firewall's image
// evaluates.

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <new>
#include <optional>
#include <string>

#include "cli/command_line.h"
#include "cli/text/format.h"
#include "cli/text/input_file.h"
#include "services/filter/language/compiler.h"
#include "services/filter/language/parser.h"
#include "services/filter/table/describe.h"

namespace {

namespace fs = std::filesystem;
using namespace holm;

struct Options {
    std::string output;
    std::string depfile;
    std::vector<std::string> inputs;
    bool print = false;
};

// Of rules, or of a compiled table to be shown.
constexpr std::size_t kLargestInput = filter::kMaximumTable;

bool write_file(const std::string& path, std::string_view contents) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << contents;
    file.close();
    if (!file) holm::cli::print_line(stderr, "holm-rules: cannot write '{}'", path);
    return bool(file);
}

std::string escaped(const std::string& path) {
    std::string text;
    for (const char c : path) {
        if (c == ' ' || c == '#' || c == '\\') text += '\\';
        if (c == '$') text += '$';
        text += c;
    }
    return text;
}

// A table is used where it lies, and it lies aligned.
struct Aligned {
    explicit Aligned(std::string_view bytes)
        : memory(static_cast<std::byte*>(
              ::operator new(std::max<std::size_t>(bytes.size(), 16), std::align_val_t(16)))),
          size(bytes.size()) {
        std::memcpy(memory.get(), bytes.data(), bytes.size());
    }
    struct Free {
        void operator()(std::byte* at) const { ::operator delete(at, std::align_val_t(16)); }
    };
    std::unique_ptr<std::byte, Free> memory;
    std::size_t size;
};

int print_table(std::string_view bytes, const std::string& name) {
    const Aligned table(bytes);
    const auto opened = filter::Table::open({table.memory.get(), table.size});
    if (!opened) {
        holm::cli::print_line(stderr, "{}: no compiled rules: {}", name, opened.error());
        return 1;
    }
    holm::cli::print_text("{}", filter::describe(*opened));
    return 0;
}

int run(const Options& options) {
    if (options.inputs.size() != 1 || (options.output.empty() && !options.print)) {
        holm::cli::print_line(
            stderr,
            "holm-rules: one rule file and --output or --print are needed; rule files include others");
        return 2;
    }
    const std::string& input = options.inputs[0];
    const auto text = cli::read_input_file(input, kLargestInput);
    if (!text) {
        holm::cli::print_line(stderr, "{}: {}", input, text.error());
        return 1;
    }
    if (options.print && text->size() >= 4 && std::memcmp(text->data(), &filter::kMagic, 4) == 0)
        return print_table(*text, input);
    std::string dependencies = escaped(options.output) + ": " + escaped(fs::absolute(input).string());
    const auto reader = [&](const std::string& path) -> std::optional<std::string> {
        // As nft does it: beside the rules, unless the path says where.
        const fs::path file =
            fs::path(path).is_absolute() ? fs::path(path) : fs::path(input).parent_path() / path;
        dependencies += " \\\n  " + escaped(fs::absolute(file).string());
        auto included = cli::read_input_file(file.string(), filter::language::Limits::kFileBytes);
        return included ? std::optional(*std::move(included)) : std::nullopt;
    };
    const auto rules = filter::language::parse(*text, input, reader);
    if (!options.depfile.empty() && !write_file(options.depfile, dependencies + "\n")) return 1;
    if (!rules) {
        holm::cli::print_line(stderr, "{}", rules.error().to_string());
        return 1;
    }
    const auto table = filter::language::compile(*rules);
    if (!table) {
        holm::cli::print_line(stderr, "{}", table.error().to_string());
        return 1;
    }
    const std::string_view bytes(reinterpret_cast<const char*>(table->data()), table->size());
    if (!options.output.empty() && !write_file(options.output, bytes)) return 1;
    return options.print ? print_table(bytes, input) : 0;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    cli::CommandLine line("holm-rules",
                          "Turns rules in the nft language into the table that a firewall's image evaluates.",
                          HOLM_VERSION);
    line.whole_program()
        .positionals("INPUT", options.inputs, "a rule file (nft language), or with --print a compiled table")
        .option("--output", options.output, "table to write")
        .option("--depfile", options.depfile, "make rule to write: what the table depends on")
        .flag("--print", options.print, "show the compiled rules")
        .action([&] { return run(options); });
    return line.run(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
}
