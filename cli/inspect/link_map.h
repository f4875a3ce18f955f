#pragma once

// The map that lld writes beside an image (-Map): where each input section and each symbol went.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace holm::cli {

struct MapInput {
    std::uint64_t address = 0;
    std::uint64_t size = 0;
    std::string_view output;  // ".text"
    bool loaded = false;  // the output section has an address; symbol tables and debug information have none
    std::string_view file;     // "libc.a(printf.o)", "CMakeFiles/web.dir/main.cpp.o", "<internal>"
    std::string_view section;  // ".text.printf"

    // False for what takes memory only (.bss) or is not loaded at all.
    bool in_image() const;
    // "libc.a"; "the service" for object files; "the linker" for what lld made itself.
    std::string_view library() const;
};

struct MapSymbol {
    std::uint64_t address = 0;
    std::uint64_t size = 0;
    std::string_view name;    // demangled
    std::uint32_t input = 0;  // index of its section
};

// Views into the text it was read from.
struct LinkMap {
    std::vector<MapInput> inputs;
    std::vector<MapSymbol> symbols;
};

// Nothing when the text is not such a map. Lines that do not fit are skipped.
std::optional<LinkMap> parse_link_map(std::string_view text);

}  // namespace holm::cli
