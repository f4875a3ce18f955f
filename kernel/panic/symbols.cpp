#include "kernel/panic/symbols.h"

#include <cstring>

// The table: see docs/decisions/0005. Weak, because an image may be linked without.
struct HolmSymbolTable {
    std::uint32_t count;
    std::uint32_t names;  // offset of the names from the table's first byte
    struct Entry {
        std::uint32_t offset;  // of the function from the first byte of the text
        std::uint32_t name;    // offset among the names; NUL-terminated
    } entries[];               // by offset, ascending
};
extern "C" [[gnu::weak, gnu::visibility("hidden")]] const HolmSymbolTable holm_symbol_table;

namespace holm {

Symbol find_symbol(std::uint64_t offset) {
    const HolmSymbolTable* table = &holm_symbol_table;
    if (table == nullptr || table->count == 0 || offset < table->entries[0].offset) return {};
    std::uint32_t low = 0;
    std::uint32_t high = table->count;
    while (high - low > 1) {
        const std::uint32_t middle = low + (high - low) / 2;
        (table->entries[middle].offset <= offset ? low : high) = middle;
    }
    const auto* names = reinterpret_cast<const char*>(table) + table->names;
    return {names + table->entries[low].name, offset - table->entries[low].offset};
}

}  // namespace holm
