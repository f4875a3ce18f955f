#include "cli/text/quote.h"

#include "cli/text/format.h"

namespace holm::cli {

namespace {

// `quotes`: also escape what would end a quoted text.
std::string escape(std::string_view text, bool quotes) {
    constexpr std::size_t kLongest =
        120;  // bytes shown; enough for a path, and a message stays a line or two
    std::string escaped;
    for (const char c : text.substr(0, kLongest)) {
        const auto byte = static_cast<unsigned char>(c);
        if (quotes && (c == '"' || c == '\\')) {
            escaped += '\\';
            escaped += c;
        } else if (byte < 0x20 || byte == 0x7f) {
            escaped += formatted("\\x{:02x}", byte);
        } else {
            escaped += c;
        }
    }
    if (text.size() > kLongest) escaped += "...";
    return escaped;
}

}  // namespace

std::string quote(std::string_view text) {
    return '"' + escape(text, true) + '"';
}

std::string printable(std::string_view text) {
    return escape(text, false);
}

}  // namespace holm::cli
