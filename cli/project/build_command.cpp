// holm build: CMake and Ninja, without having to know them.

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>

#include <unistd.h>

#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/places.h"
#include "cli/process/run_program.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "cli/text/style.h"
#include "cli/text/values.h"

namespace holm::cli {
namespace {

namespace fs = std::filesystem;

struct BuildOptions {
    std::string what = ".";
    bool fresh = false;
    bool verbose = false;
};

std::string program_on_path(std::string_view name) {
    const auto path = find_on_path(name);
    if (!path)
        fail_with("the program {} is missing; in Holm's source tree, ./holm installs what a build needs",
                  name);
    return path->string();
}

// The folder with HolmConfig.cmake, for find_package(Holm): the same place beside bin/holm in an installation
// and in a build folder.
fs::path package_folder() {
    return sibling_program("holm").parent_path().parent_path() / "lib" / "cmake" / "Holm";
}

// Runs Ninja. On a terminal it shows its one line of progress; elsewhere only what fails.
void run_ninja(const fs::path& folder, const std::vector<std::string>& targets, bool verbose) {
    std::vector<std::string> words = {program_on_path("ninja"), "-C", folder.string()};
    if (verbose) words.push_back("-v");
    if (!verbose && isatty(STDOUT_FILENO) == 0) words.push_back("--quiet");
    words.insert(words.end(), targets.begin(), targets.end());
    if (run_program(words) != 0) fail_with("the build failed; what the compiler says stands above");
}

void report(const fs::path& image, const std::string& what, std::chrono::steady_clock::time_point start) {
    std::error_code error;
    const std::uintmax_t size = fs::file_size(image, error);
    if (error) fail_with("the build made no image {}", quote(image.string()));
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    print_line("{} ({}) in {:.1f} s; next: holm run {}", image.lexically_normal().string(), human_size(size),
               time.count(), what);
}

// Configures the project when it has not been, or was with another Holm.
void configure(const fs::path& project, const fs::path& build, const BuildOptions& options) {
    if (fs::exists(build / "build.ninja") && !options.fresh)
        return;  // Ninja runs CMake when CMakeLists.txt changes
    const fs::path package = package_folder();
    if (!fs::exists(package / "HolmConfig.cmake")) {
        fail_with("{} is missing; build or install Holm again", (package / "HolmConfig.cmake").string());
    }
    std::vector<std::string> words = {program_on_path("cmake"),
                                      "-S",
                                      project.string(),
                                      "-B",
                                      build.string(),
                                      "-G",
                                      "Ninja",
                                      "-DCMAKE_C_COMPILER=clang-19",
                                      "-DCMAKE_CXX_COMPILER=clang++-19",
                                      "-DCMAKE_BUILD_TYPE=RelWithDebInfo",
                                      "-DHolm_DIR=" + package.string()};
    if (options.fresh) words.push_back("--fresh");
    print_line("configuring {}", build.lexically_normal().string());
    const ProgramResult result = run_captured(words);
    if (result.status != 0) {
        print_text(stderr, "{}", result.output);
        fail_with("{} cannot be configured; what CMake says stands above", project.string());
    }
}

void build_project(const fs::path& project, const BuildOptions& options) {
    const auto start = std::chrono::steady_clock::now();
    const fs::path build = project / "build";
    configure(project, build, options);
    run_ninja(build, {}, options.verbose);

    // One image that is named like the folder is the usual case; otherwise each is listed.
    std::error_code error;
    const std::string name = fs::weakly_canonical(project, error).filename().string();
    if (fs::exists(build / "images" / name))
        return report(build / "images" / name, options.what == "." ? name : options.what, start);
    bool found = false;
    for (fs::directory_iterator i(build / "images", error), end; !error && i != end; i.increment(error)) {
        if (!i->is_regular_file() || i->path().has_extension()) continue;
        report(i->path(), i->path().lexically_normal().string(), start);
        found = true;
    }
    if (!found)
        fail_with("{} builds no image; holm_add_image() in its CMakeLists.txt does", quote(project.string()));
}

// An example or another image of the source tree.
bool build_in_tree(const BuildOptions& options) {
    const auto root = source_tree();
    if (!root || !parse_name(options.what)) return false;
    if (!fs::exists(*root / "examples" / options.what / "CMakeLists.txt")) return false;
    const auto start = std::chrono::steady_clock::now();
    run_ninja(*root / "build", {options.what}, options.verbose);
    report(*root / "build" / "images" / options.what, options.what, start);
    return true;
}

void build(const BuildOptions& options) {
    const fs::path project = options.what;
    if (fs::exists(project / "CMakeLists.txt")) {
        const auto root = source_tree();
        std::error_code error;
        if (root && fs::equivalent(project, *root, error)) {
            fail_with(
                "this is Holm's own source tree; ./holm builds it, and holm build NAME builds an example");
        }
        return build_project(project, options);
    }
    if (build_in_tree(options)) return;
    if (options.what == ".") fail_with("there is no CMakeLists.txt here; holm new NAME starts a project");
    fail_with(
        "there is no project {}: neither a folder with a CMakeLists.txt nor an example; holm new {} starts "
        "one",
        quote(options.what), options.what);
}

}  // namespace

void add_build(CommandLine& line) {
    const auto options = std::make_shared<BuildOptions>();
    line.add_command("build", "Build a project's image")
        .positional("PROJECT", options->what,
                    "Folder of the project, or an example's name (default: this folder)", false)
        .flag("--fresh", options->fresh, "Configure from scratch")
        .flag("-v,--verbose", options->verbose, "Show each command")
        .footer("The image is PROJECT/build/images/NAME, with debug information in NAME.debug beside it.")
        .action([options] {
            build(*options);
            return 0;
        });
}

}  // namespace holm::cli
