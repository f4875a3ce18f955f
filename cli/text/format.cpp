#include "cli/text/format.h"

#include <cerrno>
#include <system_error>

namespace holm::cli {

std::string format_values(std::string_view text, std::format_args values) {
    return std::vformat(text, values);
}

void print_values(std::FILE* stream, std::string_view text, std::format_args values, bool line) {
    std::string words = std::vformat(text, values);
    if (line) words += '\n';
    if (std::fwrite(words.data(), 1, words.size(), stream) != words.size())
        throw std::system_error(errno, std::generic_category(), "writing");
}

}  // namespace holm::cli
