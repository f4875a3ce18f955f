#include "cli/run/find_image.h"

#include <algorithm>
#include <string>
#include <vector>

#include "cli/failure.h"
#include "cli/image/image_head.h"
#include "cli/places.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"
#include "cli/text/suggest.h"

namespace holm::cli {
namespace {

namespace fs = std::filesystem;

// Every name that would have been found.
std::vector<std::string> known_names(const std::vector<fs::path>& folders) {
    std::vector<std::string> names;
    for (const fs::path& folder : folders) {
        std::error_code error;
        for (fs::directory_iterator i(folder, error), end; !error && i != end; i.increment(error)) {
            if (i->is_regular_file(error) && !i->path().has_extension())
                names.push_back(i->path().filename().string());
        }
    }
    std::ranges::sort(names);
    names.erase(std::ranges::unique(names).begin(), names.end());
    return names;
}

fs::path check_kind(const fs::path& path) {
    std::error_code error;
    if (fs::is_directory(path, error)) {
        fail_with("{} is a folder; an image is a file such as build/images/NAME, and holm build makes it",
                  quote(path.string()));
    }
    if (!fs::is_regular_file(path, error)) fail_with("{} is not a file", quote(path.string()));
    return path;
}

}  // namespace

fs::path find_image_file(std::string_view what) {
    if (what.empty()) fail_with("the name of the image is empty");
    const fs::path path(what);
    std::error_code error;
    if (what.contains('/')) {
        // A project folder stands for the image that is named like it.
        const std::string name = fs::weakly_canonical(path, error).filename().string();
        const fs::path built = path / "build" / "images" / name;
        if (fs::is_regular_file(built, error)) return check_kind(built);
        if (!fs::exists(path, error)) fail_with("there is no file {}", quote(what));
        return check_kind(path);
    }

    std::vector<fs::path> folders = {fs::path("build") / "images", path / "build" / "images", "."};
    if (const auto root = source_tree()) folders.push_back(*root / "build" / "images");
    for (const fs::path& folder : folders) {
        if (fs::is_regular_file(folder / path, error)) return check_kind((folder / path).lexically_normal());
    }
    if (fs::is_directory(path, error)) {
        fail_with("the project {0} is not built yet; holm build {1} does it", quote(what), what);
    }

    folders.erase(folders.begin() + 2);  // what lies here is seldom an image
    const std::vector<std::string> names = known_names(folders);
    const std::vector<std::string_view> views(names.begin(), names.end());
    const std::string_view near = nearest(what, views);
    std::string sentence = formatted("there is no image {}", quote(what));
    if (!near.empty()) sentence += formatted(", did you mean \"{}\"?", near);
    sentence += views.empty() ? "; holm new NAME starts one" : formatted("; found: {}", join(views));
    throw Failure(sentence);
}

fs::path find_image(std::string_view what) {
    fs::path path = find_image_file(what);
    require_manifest(path);
    return path;
}

}  // namespace holm::cli
