#include "cli/run/record_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <unistd.h>

#include "cli/failure.h"
#include "cli/text/format.h"
#include "cli/text/quote.h"

namespace holm::cli {
namespace {

std::string unescape(std::string_view text) {
    std::string value;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool escaped = text[at] == '\\' && at + 1 < text.size();
        if (escaped) ++at;
        value += escaped && text[at] == 'n' ? '\n' : text[at];
    }
    return value;
}

// The error, 0 if there is none.
int write_new(const std::string& path, std::string_view text) {
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) return errno;
    const ssize_t written = write(file, text.data(), text.size());
    // Less than all, and no error: the disk is full.
    const int error = written < 0 ? errno : static_cast<std::size_t>(written) < text.size() ? ENOSPC : 0;
    const int at_close = close(file) < 0 ? errno : 0;
    return error != 0 ? error : at_close;
}

}  // namespace

std::string format_field(std::string_view key, std::string_view value) {
    std::string line = formatted("{}=", key);
    for (const char c : value) {
        if (c == '\n' || c == '\\') line += '\\';
        line += c == '\n' ? 'n' : c;
    }
    return line + '\n';
}

std::optional<std::vector<Field>> parse_fields(std::string_view text) {
    std::vector<Field> fields;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::size_t equals = line.find('=');
        if (equals == std::string_view::npos) return std::nullopt;
        fields.push_back({std::string(line.substr(0, equals)), unescape(line.substr(equals + 1))});
    }
    return fields;
}

void replace_file(const std::filesystem::path& path, std::string_view text) {
    const std::string draft = path.string() + ".new";
    int error = write_new(draft, text);
    if (error == 0 && std::rename(draft.c_str(), path.c_str()) != 0) error = errno;
    if (error == 0) return;
    unlink(draft.c_str());
    fail_with("{} cannot be written: {}", quote(path.string()), std::strerror(error));
}

std::string read_record_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace holm::cli
