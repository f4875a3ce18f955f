#include "kernel/posix/path.h"

#include <algorithm>

namespace holm::posix {

bool Path::append(std::string_view component) {
    const std::size_t slash = size_ > 0;
    if (size_ + slash + component.size() > HOLM_FILES_MAX_PATH) return false;
    if (slash != 0) text_[size_++] = '/';
    std::copy(component.begin(), component.end(), text_ + size_);
    size_ += static_cast<std::uint32_t>(component.size());
    text_[size_] = '\0';
    return true;
}

void Path::remove_last() {
    const std::size_t slash = text().rfind('/');
    size_ = slash == std::string_view::npos ? 0 : static_cast<std::uint32_t>(slash);
    text_[size_] = '\0';
}

Outcome Path::resolve(const EmbeddedFiles& files, std::string_view base, std::string_view written) {
    if (written.empty()) return -ENOENT;
    size_ = 0;
    text_[0] = '\0';
    must_be_directory_ = true;
    if (written.front() != '/' && !base.empty() && !append(base)) return -ENAMETOOLONG;
    bool passing_through = false;  // the last component was a name that has not been looked up yet
    while (!written.empty()) {
        const std::size_t size = std::min(written.find('/'), written.size());
        const std::string_view component = written.substr(0, size);
        const bool slash_behind = size < written.size();
        written.remove_prefix(size + slash_behind);
        if (component.empty()) continue;
        if (passing_through && text() != kDeviceDirectory) {
            const std::optional<EmbeddedFile> directory = files.find(text());
            if (!directory) return -ENOENT;
            if (!directory->is_directory()) return -ENOTDIR;
        }
        passing_through = false;
        if (component == "..") {
            remove_last();  // of the root, the root
        } else if (component != ".") {
            if (!append(component)) return -ENAMETOOLONG;
            passing_through = true;
        }
        must_be_directory_ = !passing_through || slash_behind;
    }
    return 0;
}

}  // namespace holm::posix
