#include "cli/text/quote.h"

#include "cli/text/format.h"

namespace holm::cli {

namespace {

// `quotes`: also escape what would end a quoted text.
std::string escape(std::string_view text, bool quotes, std::size_t longest) {
    std::string escaped;
    for (const char c : text.substr(0, longest)) {
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
    if (text.size() > longest) escaped += "...";
    return escaped;
}

}  // namespace

std::string quote(std::string_view text) {
    return '"' + escape(text, true, kLongestQuote) + '"';
}

std::string printable(std::string_view text, std::size_t longest) {
    return escape(text, false, longest);
}

}  // namespace holm::cli
