#include "cli/run/fault_names.h"

#include <algorithm>
#include <optional>

#include "cli/places.h"
#include "cli/process/run_program.h"
#include "cli/text/format.h"

namespace holm::cli {
namespace {

namespace fs = std::filesystem;

std::string_view take_line(std::string_view& text) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

bool is_address(std::string_view word) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    return word.starts_with("0x") && word.size() > 2 && word.size() <= 18 &&
           word.find_first_not_of(kDigits, 2) == std::string_view::npos;
}

}  // namespace

std::vector<std::string> reported_addresses(std::string_view said) {
    std::vector<std::string> addresses;
    bool inside = false;
    while (!said.empty()) {
        std::string_view line = take_line(said);
        if (line.starts_with("where (llvm-symbolizer")) {
            addresses.clear();  // the last report counts
            inside = true;
        } else if (line.starts_with("interrupted (llvm-symbolizer")) {
            inside = true;
        } else if (inside && line.starts_with("  ") && is_address(line.substr(2))) {
            addresses.emplace_back(line.substr(2));
        } else {
            inside = false;
        }
    }
    return addresses;
}

fs::path symbols_beside(const fs::path& image) {
    fs::path symbols = image;
    symbols += ".debug";
    return symbols;
}

void print_names(const std::vector<std::string>& addresses, const fs::path& image) {
    auto program = find_on_path("llvm-symbolizer-19");
    if (!program) program = find_on_path("llvm-symbolizer");
    std::error_code error;
    if (addresses.empty() || !program || !fs::exists(symbols_beside(image), error)) return;
    std::vector<std::string> words{program->string(), "--obj=" + symbols_beside(image).string(),
                                   "--no-inlines", "--basenames"};
    words.insert(words.end(), addresses.begin(), addresses.end());
    const ProgramResult result = run_captured(words);
    if (result.status != 0) return;
    // Two lines for each, and an empty one behind them.
    std::string_view text = result.output;
    print_line(stderr, "names");
    for (const std::string& address : addresses) {
        const std::string_view function = take_line(text);
        const std::string_view place = take_line(text);
        take_line(text);
        print_line(stderr, "  {}  {} at {}", address, function, place);
    }
}

}  // namespace holm::cli
