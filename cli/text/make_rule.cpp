#include "cli/text/make_rule.h"

namespace holm::cli {

std::string make_rule(std::string_view target, std::span<const std::filesystem::path> inputs) {
    const auto escape = [](std::string_view path) {
        std::string escaped;
        for (const char c : path) {
            if (c == ' ' || c == '#' || c == '\\') escaped += '\\';
            if (c == '$') escaped += '$';
            escaped += c;
        }
        return escaped;
    };
    std::string rule = escape(target) + ':';
    for (const std::filesystem::path& input : inputs)
        rule += " \\\n  " + escape(std::filesystem::absolute(input).string());
    return rule + '\n';
}

}  // namespace holm::cli
