#include "cli/text/quote.h"

#include <format>

namespace holm::cli {

std::string quote(std::string_view text) {
    constexpr std::size_t kLongest =
        120;  // bytes shown; enough for a path, and a message stays a line or two
    std::string quoted = "\"";
    for (const char c : text.substr(0, kLongest)) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            quoted += '\\';
            quoted += c;
        } else if (byte < 0x20 || byte == 0x7f) {
            quoted += std::format("\\x{:02x}", byte);
        } else {
            quoted += c;
        }
    }
    if (text.size() > kLongest) quoted += "...";
    return quoted + '"';
}

}  // namespace holm::cli
