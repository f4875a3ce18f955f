#include "cli/settings/notation.h"

namespace holm::cli {

std::string spelled(Notation notation, std::string_view as_toml) {
    if (notation == Notation::kToml) return std::string(as_toml);
    // A list begins with a bracket too, and a quotation mark behind it.
    if (as_toml.size() > 2 && as_toml[0] == '[' && as_toml[1] != '"' && as_toml.ends_with(']'))
        return std::string(as_toml.substr(1, as_toml.size() - 2));
    std::string text;
    for (std::size_t at = 0; at < as_toml.size();) {
        const bool equals = as_toml.substr(at).starts_with(" = ");
        text += equals ? ": " : std::string(1, as_toml[at]);
        at += equals ? 3 : 1;
    }
    return text;
}

}  // namespace holm::cli
