#include "cli/settings/key_depth.h"

#include <algorithm>

namespace holm::cli {
namespace {

// Behind the string that begins at `at`. One of a single line ends with that, whatever else is wrong with it.
std::size_t behind_string(std::string_view text, std::size_t at) {
    const char quote = text[at];
    const bool escapes = quote == '"';
    const std::string_view rest = text.substr(at);
    const bool long_form = rest.size() >= 3 && rest[1] == quote && rest[2] == quote;
    at += long_form ? 3 : 1;
    while (at < text.size()) {
        if (escapes && text[at] == '\\') {
            at += 2;
        } else if (!long_form && (text[at] == quote || text[at] == '\n')) {
            return text[at] == quote ? at + 1 : at;
        } else if (long_form && text.substr(at).starts_with(rest.substr(0, 3))) {
            at += 3;
            // Up to two quotation marks may belong to the text in front of those that end it.
            for (int more = 0; more < 2 && at < text.size() && text[at] == quote; ++more) ++at;
            return at;
        } else {
            ++at;
        }
    }
    return text.size();
}

Position position_of(std::string_view text, std::size_t at) {
    const std::string_view before = text.substr(0, at);
    const std::size_t line = before.rfind('\n');
    return {static_cast<std::uint32_t>(std::ranges::count(before, '\n') + 1),
            static_cast<std::uint32_t>(line == before.npos ? at + 1 : at - line)};
}

}  // namespace

std::optional<Position> find_deep_key(std::string_view text) {
    int dots = 0;
    for (std::size_t at = 0; at < text.size();) {
        const char c = text[at];
        if (c == '"' || c == '\'') {
            at = behind_string(text, at);
            continue;
        }
        if (c == '#') {
            at = std::min(text.find('\n', at), text.size());
            continue;
        }
        if (c == '.' && ++dots == kMostKeyParts) return position_of(text, at);
        if (std::string_view("\n=,[]{}").contains(c)) dots = 0;
        ++at;
    }
    return std::nullopt;
}

}  // namespace holm::cli
