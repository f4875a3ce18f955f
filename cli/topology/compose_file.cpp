#include "cli/topology/compose_file.h"

#include "cli/compose/reader.h"
#include "cli/failure.h"
#include "cli/text/format.h"
#include "cli/text/input_file.h"
#include "cli/text/quote.h"
#include "cli/text/suggest.h"

namespace holm::cli {
namespace {

namespace fs = std::filesystem;

// Its folder's name, made fit to be a name.
std::string project_name(const fs::path& file) {
    std::string name;
    for (const char c : file.parent_path().filename().string()) {
        const char small = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        const bool letter = small >= 'a' && small <= 'z';
        if (letter || (!name.empty() && ((small >= '0' && small <= '9') || small == '-' || small == '_')))
            name += small;
    }
    return name.substr(0, 31);
}

// The folder's compose file.
fs::path find_in(const fs::path& folder) {
    std::vector<fs::path> found;
    std::error_code error;
    for (const std::string_view name : kComposeFiles) {
        if (fs::exists(folder / name, error)) found.push_back(folder / name);
    }
    if (found.empty())
        fail_with("the folder {} has no compose file; expected: {}", quote(folder.string()),
                  join(kComposeFiles));
    if (found.size() > 1)
        fail_with("the folder {} has {} and {}; say which", quote(folder.string()),
                  found[0].filename().string(), found[1].filename().string());
    return found[0];
}

Notation notation_of(const fs::path& file) {
    const fs::path extension = file.extension();
    return extension == ".yaml" || extension == ".yml" ? Notation::kYaml : Notation::kToml;
}

std::expected<Compose, Mistakes> read(const fs::path& file, std::string_view text) {
    return read_compose(text, project_name(file), notation_of(file));
}

[[noreturn]] void refuse(const std::string& file, const Mistakes& mistakes) {
    for (const Mistake& mistake : mistakes) print_line(stderr, "{}", format_mistake(file, mistake));
    fail_with("{} has {}; nothing was started", quote(file),
              mistakes.size() == 1 ? "a mistake" : formatted("{} mistakes", mistakes.size()));
}

}  // namespace

ComposeFile load_compose_file(const std::string& what) {
    std::error_code error;
    fs::path path = what;
    if (fs::is_directory(path, error)) path = find_in(path);
    if (!fs::exists(path, error)) fail_with("there is no file {}", quote(path.string()));
    if (!fs::is_regular_file(path, error))
        fail_with("{} is not a file; expected: a compose file or a folder with one", quote(path.string()));
    const std::string shown = path.string();
    path = fs::canonical(path);
    const auto text = read_input_file(path.string(), kLargestComposeFile);
    if (!text) fail_with("{} {}", quote(shown), text.error());
    auto compose = read(path, *text);
    if (!compose) refuse(shown, compose.error());
    ComposeFile result{path, *std::move(compose), {}};
    Mistakes mistakes;
    result.planned = plan_services(result.compose, path.parent_path(), mistakes);
    if (!mistakes.empty()) refuse(shown, in_order(std::move(mistakes)));
    return result;
}

std::string topology_name_of(const std::string& what) {
    std::error_code error;
    fs::path path = what;
    for (const std::string_view name : kComposeFiles) {
        if (fs::is_regular_file(path, error)) break;
        path = fs::path(what) / name;
    }
    if (!fs::is_regular_file(path, error)) return "";
    path = fs::canonical(path);
    const auto text = read_input_file(path.string(), kLargestComposeFile);
    if (!text) return "";
    const auto compose = read(path, *text);
    return compose ? compose->name : "";
}

}  // namespace holm::cli
