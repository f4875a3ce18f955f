#include "cli/manifest/embedded_sources.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>

#include <fnmatch.h>

#include "base/sha256.h"
#include "cli/manifest/content_type.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"

namespace holm::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostEntries = 65'536;
constexpr std::uint64_t kLargestTree = std::uint64_t{1}
                                       << 30;  // offsets in the table are 32 bits, signed in the link
constexpr int kDeepest = 32;

struct TableOrder {
    bool operator()(const std::string& a, const std::string& b) const {
        return EmbeddedFiles::compare_paths(a, b) < 0;
    }
};

std::vector<fs::path> sorted_children(const fs::path& folder) {
    std::vector<fs::path> children;
    std::error_code error;
    for (fs::directory_iterator i(folder, error), end; !error && i != end; i.increment(error))
        children.push_back(i->path());
    std::ranges::sort(children);
    return children;
}

bool is_pattern(std::string_view text) {
    return text.find_first_of("*?[") != std::string_view::npos;
}

// Splits "a/b" into "a" and "b".
std::pair<std::string, std::string> split_first(const std::string& path) {
    const std::size_t slash = path.find('/');
    if (slash == std::string::npos) return {path, ""};
    return {path.substr(0, slash), path.substr(slash + 1)};
}

class Collector {
  public:
    Collector(const fs::path& folder, Mistakes& mistakes)
        : folder_(fs::weakly_canonical(folder)), mistakes_(mistakes) {
        entries_[""] = {.path = "", .is_directory = true};
    }

    void add(const FileRule& rule) {
        rule_ = &rule;
        found_ = false;
        if (is_pattern(rule.from)) {
            match(folder_, rule.from, rule.to, 0);
            if (!found_) mistake(formatted("{} matches no file", quote(rule.from)));
            return;
        }
        const fs::path source = rule.from == "." ? folder_ : folder_ / rule.from;
        std::error_code error;
        const fs::file_status status = fs::status(source, error);
        if (!fs::exists(status)) {
            inputs_.push_back(source.parent_path());  // the build runs again when somebody puts it there
            mistake(formatted("there is no file or folder {} beside holm.toml", quote(rule.from)));
        } else if (fs::is_directory(status)) {
            add_directory(rule.to);
            add_children(source, rule.to, 0);
        } else if (rule.to.empty() || rule.to_is_directory) {
            add_file(source, below(rule.to, source.filename().string()));
        } else {
            add_file(source, rule.to);
        }
    }

    void add(const CompiledFile& file) {
        const FileRule nowhere;  // in holm.toml
        rule_ = &nowhere;
        add_regular_file(file.source, file.path);
        rule_ = nullptr;
    }

    EmbeddedSources finish() {
        EmbeddedSources result;
        for (auto& [path, entry] : entries_) result.entries.push_back(std::move(entry));
        // The subtree of a directory is the run of entries behind it whose paths start with its path and a
        // slash.
        for (std::size_t i = 0; i < result.entries.size(); ++i) {
            EmbeddedSource& entry = result.entries[i];
            if (!entry.is_directory) continue;
            const std::string prefix = entry.path.empty() ? "" : entry.path + '/';
            std::size_t end = i + 1;
            while (end < result.entries.size() && result.entries[end].path.starts_with(prefix)) ++end;
            entry.size = static_cast<std::uint32_t>(end - i - 1);
        }
        std::ranges::sort(inputs_);
        const auto repeated = std::ranges::unique(inputs_);
        inputs_.erase(repeated.begin(), repeated.end());
        result.inputs = std::move(inputs_);
        return result;
    }

  private:
    static std::string below(const std::string& directory, const std::string& name) {
        return directory.empty() ? name : directory + '/' + name;
    }

    void mistake(std::string text) { mistakes_.push_back({rule_->where, std::move(text)}); }

    // Everything in a folder except what is hidden (editors' backups, .git).
    void add_children(const fs::path& source, const std::string& to, int depth) {
        if (!enter(source, depth)) return;
        for (const fs::path& child : sorted_children(source)) {
            const std::string name = child.filename().string();
            if (name.starts_with('.')) continue;
            std::error_code error;
            if (fs::is_directory(child, error)) {
                add_directory(below(to, name));
                add_children(child, below(to, name), depth + 1);
            } else {
                add_file(child, below(to, name));
            }
        }
    }

    // The files below `folder` that `pattern` matches, component by component; "**" stands for any number of
    // folders. The folders before the first special character do not appear in the image, the others do.
    void match(const fs::path& folder, const std::string& pattern, const std::string& to, int depth) {
        if (!enter(folder, depth)) return;
        const auto [component, rest] = split_first(pattern);
        if (!is_pattern(component) && !rest.empty() && !found_special_) {
            return match(folder / component, rest, to, depth + 1);
        }
        const bool outermost = !found_special_;
        found_special_ = true;
        if (component == "**" && !rest.empty()) match(folder, rest, to, depth);
        for (const fs::path& child : sorted_children(folder)) {
            const std::string name = child.filename().string();
            std::error_code error;
            const bool is_directory = fs::is_directory(child, error);
            if (component == "**") {
                if (name.starts_with('.')) continue;
                if (is_directory) {
                    match(child, pattern, below(to, name), depth + 1);
                } else if (rest.empty()) {
                    add_file(child, below(to, name));
                }
            } else if (fnmatch(component.c_str(), name.c_str(), FNM_PERIOD) == 0) {
                if (is_directory && !rest.empty()) match(child, rest, below(to, name), depth + 1);
                if (!is_directory && rest.empty()) add_file(child, below(to, name));
            }
        }
        if (outermost) found_special_ = false;
    }

    // Takes note of a folder; false when it is not one, too deep (a loop of symbolic links) or outside.
    bool enter(const fs::path& folder, int depth) {
        std::error_code error;
        if (!fs::is_directory(folder, error) || !stays_inside(folder)) return false;
        inputs_.push_back(folder);
        if (depth <= kDeepest) return true;
        mistake(formatted("{} is nested deeper than {} folders", quote(folder.string()), kDeepest));
        return false;
    }

    bool stays_inside(const fs::path& source) {
        std::error_code error;
        const fs::path real = fs::canonical(source, error);
        const auto [end, unused] = std::ranges::mismatch(folder_, real);
        if (!error && end == folder_.end()) return true;
        mistake(formatted("{} leads out of the folder of holm.toml", quote(source.string())));
        return false;
    }

    bool add_directory(const std::string& path) {
        if (path.size() > HOLM_FILES_MAX_PATH) {
            mistake(formatted("the path {} is longer than {} bytes", quote(path), HOLM_FILES_MAX_PATH));
            return false;
        }
        if (!path.empty() &&
            !add_directory(path.substr(0, path.rfind('/') == std::string::npos ? 0 : path.rfind('/')))) {
            return false;
        }
        EmbeddedSource& entry =
            entries_.try_emplace(path, EmbeddedSource{.path = path, .is_directory = true}).first->second;
        if (!entry.is_directory) mistake(formatted("{} is both a file and a folder", quote('/' + path)));
        return entry.is_directory;
    }

    void add_file(const fs::path& source, const std::string& path) {
        found_ = true;
        if (stays_inside(source)) add_regular_file(source, path);
    }

    void add_regular_file(const fs::path& source, const std::string& path) {
        std::error_code error;
        if (!fs::is_regular_file(source, error)) {
            mistake(formatted("{} is neither a file nor a folder", quote(source.string())));
            return;
        }
        const std::size_t slash = path.rfind('/');
        if (!add_directory(slash == std::string::npos ? "" : path.substr(0, slash))) return;
        if (path.size() > HOLM_FILES_MAX_PATH) {
            mistake(formatted("the path {} is longer than {} bytes", quote(path), HOLM_FILES_MAX_PATH));
            return;
        }
        const auto [place, is_new] = entries_.try_emplace(path, EmbeddedSource{.path = path});
        if (!is_new) {
            mistake(place->second.is_directory
                        ? formatted("{} is both a file and a folder", quote('/' + path))
                        : formatted("{} is there already, from {}", quote('/' + path),
                                    quote(place->second.source.string())));
            return;
        }
        inputs_.push_back(source);
        describe(place->second, source);
        if (entries_.size() == kMostEntries + 1) mistake(formatted("more than {} files", kMostEntries));
    }

    void describe(EmbeddedSource& entry, const fs::path& source) {
        std::error_code error;
        total_ += fs::file_size(source, error);
        if (error || total_ > kLargestTree) {
            mistake(error ? formatted("{} cannot be read", quote(source.string()))
                          : "the files are larger than 1 GiB");
            return;
        }
        std::ifstream file(source, std::ios::binary);
        const std::string contents(std::istreambuf_iterator<char>(file), {});
        if (!file) {
            mistake(formatted("{} cannot be read", quote(source.string())));
            return;
        }
        entry.source = source;
        entry.size = static_cast<std::uint32_t>(contents.size());
        const Sha256Digest digest = sha256(as_bytes(contents));
        std::copy_n(digest.begin(), entry.hash.size(), entry.hash.begin());
        entry.content_type = content_type_of(entry.path);
    }

    fs::path folder_;
    Mistakes& mistakes_;
    const FileRule* rule_ = nullptr;
    bool found_ = false;          // the rule in hand embedded a file
    bool found_special_ = false;  // match() is past the first special component
    std::uint64_t total_ = 0;     // bytes of contents
    std::map<std::string, EmbeddedSource, TableOrder> entries_;
    std::vector<fs::path> inputs_;
};

}  // namespace

EmbeddedSources collect_files(const std::vector<FileRule>& rules, const fs::path& folder, Mistakes& mistakes,
                              const std::vector<CompiledFile>& compiled) {
    Collector collector(folder, mistakes);
    for (const FileRule& rule : rules) collector.add(rule);
    for (const CompiledFile& file : compiled) collector.add(file);
    return collector.finish();
}

}  // namespace holm::cli
