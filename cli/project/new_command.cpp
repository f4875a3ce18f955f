// holm new: a project to start from.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>

#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/project/template.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "cli/text/values.h"

namespace holm::cli {
namespace {

namespace fs = std::filesystem;

void write_project(const fs::path& folder, std::string_view name, const Template& chosen) {
    std::error_code error;
    // create_directory tells whether it made the folder: nobody's files are ever overwritten.
    if (!fs::create_directory(folder, error)) {
        fail_with("{} {}", quote(folder.string()),
                  error ? "cannot be made: " + error.message() : "is there already");
    }
    for (const TemplateFile& file : chosen.files) {
        const fs::path path = folder / file.path;
        fs::create_directories(path.parent_path(), error);
        std::ofstream stream(path, std::ios::binary);
        stream << fill_in(file.text, name);
        stream.close();
        if (!stream) fail_with("{} cannot be written", quote(path.string()));
    }
}

void create_project(const std::string& where, const std::string& template_name) {
    const fs::path folder = fs::path(where).lexically_normal();
    const auto name = parse_name(folder.filename().string());
    if (!name) throw Failure(name.error(), 2);
    // The name is a CMake target, too; what CMake and Holm define themselves is not free.
    if (*name == "test" || *name == "all" || *name == "install" || *name == "help" || *name == "clean") {
        throw Failure(formatted("{} is a word of the build; choose another name", quote(*name)), 2);
    }
    const auto chosen = std::ranges::find(templates(), std::string_view(template_name), &Template::name);
    write_project(folder, *name, *chosen);

    print_line("{}: {}", folder.string(), chosen->summary);
    for (const TemplateFile& file : chosen->files) print_line("  {}", (folder / file.path).string());
    print_line("next: holm build {} && holm run {}{}", folder.string(), *name,
               template_name == "web" ? " -p 8080:80" : "");
}

}  // namespace

void add_new(CommandLine& line) {
    struct Options {
        std::string where;
        std::string kind = "hello";
    };
    const auto options = std::make_shared<Options>();
    std::vector<std::string> names;
    std::string list;
    for (const Template& known : templates()) {
        names.emplace_back(known.name);
        list += formatted("{}{} ({})", list.empty() ? "" : ", ", known.name, known.summary);
    }
    line.add_command("new", "Start a project: CMakeLists.txt, main.cpp, holm.toml")
        .positional("NAME", options->where, "Its folder; the last part is the project's name")
        .option("--template", options->kind, list)
        .one_of(names)
        .action([options] {
            create_project(options->where, options->kind);
            return 0;
        });
}

}  // namespace holm::cli
