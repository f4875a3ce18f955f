#include "kernel/panic/symbols.h"

#include <algorithm>
#include <cstring>

// Made by toolchain/cmake/link_image.py, which describes the formats. Weak: an image may be linked without.
extern "C" [[gnu::weak, gnu::visibility("hidden")]] const std::uint8_t holm_symbol_table[];
extern "C" [[gnu::weak, gnu::visibility("hidden")]] const std::uint8_t holm_type_names[];

namespace holm {

static std::uint64_t read_varint(const std::uint8_t*& next) {
    std::uint64_t number = 0;
    for (unsigned shift = 0;; shift += 7) {
        const std::uint8_t byte = *next++;
        number |= std::uint64_t{byte & 0x7fu} << shift;
        if (byte < 0x80) return number;
    }
}

// Reads the table from its start: it is small, and reports are rare.
Symbol find_symbol(std::uint64_t offset) {
    Symbol symbol{};
    if (holm_symbol_table == nullptr) return symbol;
    std::uint32_t count;
    std::memcpy(&count, holm_symbol_table, sizeof count);
    const std::uint8_t* next = holm_symbol_table + sizeof count;
    char name[sizeof symbol.name];
    std::uint64_t start = 0;
    for (; count > 0; --count) {
        start += read_varint(next);
        if (start > offset) break;
        const std::size_t common = *next++;
        const auto* rest = reinterpret_cast<const char*>(next);
        const std::size_t length = std::strlen(rest) + 1;
        if (common + length <= sizeof name) std::memcpy(name + common, rest, length);
        next += length;
        std::memcpy(symbol.name, name, sizeof name);
        symbol.offset = offset - start;
    }
    return symbol;
}

static std::uint32_t fnv1a(const char* text) {
    std::uint32_t hash = 0x811c9dc5;
    for (; *text != 0; ++text) hash = (hash ^ static_cast<std::uint8_t>(*text)) * 0x01000193;
    return hash;
}

const char* find_type_name(const char* mangled) {
    if (holm_type_names == nullptr) return mangled;
    const std::uint32_t wanted = fnv1a(mangled);
    std::uint32_t count;
    std::memcpy(&count, holm_type_names, sizeof count);
    const std::uint8_t* next = holm_type_names + sizeof count;
    for (; count > 0; --count) {
        std::uint32_t hash;
        std::memcpy(&hash, next, sizeof hash);
        const auto* name = reinterpret_cast<const char*>(next + sizeof hash);
        if (hash == wanted) return name;
        next += sizeof hash + std::strlen(name) + 1;
    }
    return mangled;
}

}  // namespace holm
