// Any text as router.toml, and as a file of routes. What is accepted must make a table that opens.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cli/routes/reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    // What stands behind a line of dashes is the file that [[routes]] names.
    constexpr std::string_view kCut = "\n---\n";
    const std::size_t cut = text.find(kCut);
    const std::string_view routes = cut == text.npos ? "" : text.substr(cut + kCut.size());
    auto parts = holm::cli::read_router(
        text.substr(0, cut), "router.toml",
        [&](const std::string&) -> std::expected<std::string, std::string> { return std::string(routes); });
    if (!parts) {
        if (parts.error().empty()) std::abort();
        for (const auto& mistake : parts.error())
            if (mistake.mistake.text.empty()) std::abort();
        return 0;
    }
    const auto table = holm::route::build_table(*std::move(parts));
    if (!holm::route::Table::open(table)) std::abort();
    return 0;
}
