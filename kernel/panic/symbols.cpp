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

namespace {

constexpr std::size_t kPairs = 256;  // bytes of the table that says what the bytes 128 to 255 stand for

// Writes what a byte of a packed name stands for.
class Unpacker {
  public:
    Unpacker(const std::uint8_t* pairs, char* to, const char* end) : pairs_(pairs), to_(to), end_(end) {}

    // As deep as the build nested pairs: each consists of bytes that were defined before it.
    void put(std::uint8_t byte) {
        if (byte >= 0x80) {
            const std::uint8_t* pair = pairs_ + (byte - 0x80) * 2;
            put(pair[0]);
            return put(pair[1]);
        }
        if (to_ != end_) *to_++ = static_cast<char>(byte);
    }

  private:
    const std::uint8_t* pairs_;
    char* to_;
    const char* end_;
};

}  // namespace

// Reads the table from its start: it is small, and reports are rare.
Symbol find_symbol(std::uint64_t offset) {
    Symbol symbol{};
    std::uint32_t count = 0;
    if (holm_symbol_table != nullptr) std::memcpy(&count, holm_symbol_table, sizeof count);
    const std::uint8_t* const pairs = holm_symbol_table + sizeof count;
    const std::uint8_t* next = pairs + kPairs;
    char name[sizeof symbol.name];
    std::uint64_t start = 0;
    for (; count > 0; --count) {
        start += read_varint(next);
        if (start > offset) break;
        const std::size_t common = *next++;
        Unpacker unpacker(pairs, name + std::min(common, sizeof name - 1), name + sizeof name - 1);
        while (*next != 0) unpacker.put(*next++);
        unpacker.put(*next++);
        std::memcpy(symbol.name, name, sizeof name);
        symbol.offset = offset - start;
    }
    symbol.name[sizeof symbol.name - 1] = 0;
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
