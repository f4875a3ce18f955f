#include "cli/text/input_file.h"

#include <array>
#include <filesystem>
#include <fstream>

#include "cli/text/format.h"

namespace holm::cli {

std::expected<std::string, std::string> read_input_file(const std::string& path, std::size_t largest) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) return std::unexpected("is a folder, not a file");
    std::ifstream file(path, std::ios::binary);
    if (!file) return std::unexpected("cannot be read");
    std::string text;
    std::array<char, 65536> buffer;
    while (file.read(buffer.data(), buffer.size()), file.gcount() > 0) {
        text.append(buffer.data(), static_cast<std::size_t>(file.gcount()));
        if (text.size() > largest) return std::unexpected(formatted("is larger than {} MiB", largest >> 20));
    }
    if (file.bad()) return std::unexpected("cannot be read");
    return text;
}

}  // namespace holm::cli
