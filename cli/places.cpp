#include "cli/places.h"

#include <cstdlib>

#include <unistd.h>

#include "cli/failure.h"

namespace holm::cli {
namespace {

namespace fs = std::filesystem;

fs::path program_folder() {
    std::error_code error;
    return fs::read_symlink("/proc/self/exe", error).parent_path();
}

}  // namespace

std::optional<fs::path> source_tree() {
    const fs::path folder = program_folder();
    const fs::path root = folder.parent_path().parent_path();
    if (folder != root / "build" / "bin" || !fs::exists(root / "toolchain")) return std::nullopt;
    return root;
}

fs::path sibling_program(std::string_view name) {
    const fs::path program = program_folder() / name;
    if (access(program.c_str(), X_OK) != 0) {
        fail_with("{} is not where it should be, {}; build or install Holm again", name, program.string());
    }
    return program;
}

fs::path own_file(std::string_view name) {
    const auto root = source_tree();
    const fs::path file =
        root ? *root / "cli" / name : program_folder().parent_path() / "share" / "holm" / name;
    if (access(file.c_str(), R_OK) != 0)
        fail_with("{} is not where it should be, {}; install Holm again", name, file.string());
    return file;
}

fs::path own_image(std::string_view name) {
    const auto root = source_tree();
    const fs::path image = root ? *root / "build" / "images" / name
                                : program_folder().parent_path() / "lib" / "holm" / "images" / name;
    if (access(image.c_str(), R_OK) != 0) {
        fail_with("the image {} is not where it should be, {}; build or install Holm again", name,
                  image.string());
    }
    return image;
}

std::optional<fs::path> find_on_path(std::string_view name) {
    const char* path = std::getenv("PATH");
    std::string_view rest = path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
    while (!rest.empty()) {
        const std::size_t colon = rest.find(':');
        const fs::path candidate = fs::path(rest.substr(0, colon)) / name;
        if (candidate.is_absolute() && access(candidate.c_str(), X_OK) == 0) return candidate;
        rest.remove_prefix(colon == std::string_view::npos ? rest.size() : colon + 1);
    }
    return std::nullopt;
}

}  // namespace holm::cli
