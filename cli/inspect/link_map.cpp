#include "cli/inspect/link_map.h"

#include <charconv>

namespace holm::cli {
namespace {

// Takes the next number off a line: spaces, digits.
bool take_number(std::string_view& line, int base, std::uint64_t& number) {
    const std::size_t start = line.find_first_not_of(' ');
    if (start == std::string_view::npos) return false;
    line.remove_prefix(start);
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number, base);
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
    return error == std::errc{};
}

}  // namespace

bool MapInput::in_image() const {
    return loaded && output != ".bss" && output != ".tbss" && output != ".relro_padding";
}

std::string_view MapInput::library() const {
    if (file.starts_with('<')) return "the linker";
    if (section.contains("holm_embedded_")) return "embedded files";
    if (file.ends_with(".lto.o")) return "rooms optimised as one";
    const std::size_t member = file.rfind('(');
    if (member == std::string_view::npos) return "the service";
    const std::string_view archive = file.substr(0, member);
    const std::size_t slash = archive.rfind('/');
    return slash == std::string_view::npos ? archive : archive.substr(slash + 1);
}

std::optional<LinkMap> parse_link_map(std::string_view text) {
    // lld: "%16llx %16llx %8llx %5lld " and then 0, 8 or 16 spaces before an output section, an input
    // section, a symbol.
    constexpr std::size_t kInputIndent = 8;
    constexpr std::size_t kSymbolIndent = 16;
    if (!text.substr(0, 200).contains(" VMA ")) return std::nullopt;
    LinkMap map;
    std::string_view output;
    bool loaded = false;
    while (!text.empty()) {
        const std::size_t newline = text.find('\n');
        std::string_view line = text.substr(0, newline);
        text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
        std::uint64_t address = 0, load_address = 0, size = 0, alignment = 0;
        if (!take_number(line, 16, address) || !take_number(line, 16, load_address) ||
            !take_number(line, 16, size) || !take_number(line, 10, alignment) || !line.starts_with(' ')) {
            continue;
        }
        line.remove_prefix(1);
        const std::size_t indent = line.find_first_not_of(' ');
        if (indent == std::string_view::npos) continue;
        line.remove_prefix(indent);
        if (indent == 0) {
            output = line;
            loaded = address != 0;
        } else if (indent == kInputIndent) {
            const std::size_t colon = line.rfind(":(");
            if (colon == std::string_view::npos) continue;
            std::string_view section = line.substr(colon + 2);
            if (section.ends_with(')')) section.remove_suffix(1);
            map.inputs.push_back({address, size, output, loaded, line.substr(0, colon), section});
        } else if (indent == kSymbolIndent && !map.inputs.empty()) {
            map.symbols.push_back({address, size, line, static_cast<std::uint32_t>(map.inputs.size() - 1)});
        }
    }
    return map;
}

}  // namespace holm::cli
