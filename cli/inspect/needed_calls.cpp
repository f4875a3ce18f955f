// Which calls of the C library an image contains, and who makes them. The linker keeps __libos_sys_N only
// when something refers to it; who does is read from the machine code: an instruction whose 32-bit
// displacement leads there.

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <map>
#include <set>

#include "cli/inspect/inspection.h"

namespace holm::cli {
namespace {

constexpr std::string_view kPrefix = "__libos_sys_";

// Whether the four bytes at `at` can be the displacement of call, jmp, jcc or lea. Without this check, one
// image in some hundreds would show a reference that is none.
bool is_displacement(Bytes code, std::size_t at) {
    const auto byte = [&](std::size_t back) { return std::to_integer<unsigned>(code[at - back]); };
    if (at >= 1 && (byte(1) == 0xe8 || byte(1) == 0xe9)) return true;
    if (at >= 2 && byte(2) == 0x0f && (byte(1) & 0xf0) == 0x80) return true;
    return at >= 3 && (byte(3) & 0xf8) == 0x48 && byte(2) == 0x8d && (byte(1) & 0xc7) == 0x05;
}

const MapSymbol* symbol_at(const std::vector<const MapSymbol*>& sorted, std::uint64_t address) {
    const auto after = std::ranges::upper_bound(sorted, address, {}, &MapSymbol::address);
    if (after == sorted.begin()) return nullptr;
    const MapSymbol* candidate = *(after - 1);
    return address - candidate->address < candidate->size ? candidate : nullptr;
}

}  // namespace

std::vector<NeededCall> find_needed_calls(Bytes image, const tender::LoadPlan& plan, const LinkMap& map) {
    std::map<std::uint64_t, std::vector<unsigned>>
        calls_at;  // several when the linker folded equal functions
    std::map<unsigned, std::set<std::string>> needed_by;
    std::vector<const MapSymbol*> functions;
    for (const MapSymbol& symbol : map.symbols) {
        if (symbol.size != 0) functions.push_back(&symbol);
        if (!symbol.name.starts_with(kPrefix)) continue;
        const std::string_view digits = symbol.name.substr(kPrefix.size());
        unsigned number = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        if (error != std::errc{} || end != digits.data() + digits.size()) continue;
        calls_at[symbol.address].push_back(number);
        needed_by.try_emplace(number);
    }
    std::ranges::stable_sort(functions, {}, &MapSymbol::address);

    for (const tender::Segment& segment : plan.segments()) {
        if ((segment.flags & tender::elf::kExecute) == 0 || segment.file_size < 4) continue;
        const Bytes code = image.subspan(segment.file_offset, segment.file_size);
        for (std::size_t at = 0; at + 4 <= code.size(); ++at) {
            if (!is_displacement(code, at)) continue;
            std::int32_t displacement = 0;
            std::memcpy(&displacement, code.data() + at, sizeof displacement);
            const std::uint64_t target =
                segment.address + at + 4 + static_cast<std::uint64_t>(std::int64_t{displacement});
            const auto call = calls_at.find(target);
            if (call == calls_at.end()) continue;
            const MapSymbol* caller = symbol_at(functions, segment.address + at);
            if (caller == nullptr || caller->address == target) continue;
            const std::string name =
                std::string(caller->name) + " (" + std::string(map.inputs[caller->input].library()) + ")";
            for (const unsigned number : call->second) needed_by[number].insert(name);
        }
    }

    std::vector<NeededCall> calls;
    for (const auto& [number, names] : needed_by) calls.push_back({number, {names.begin(), names.end()}});
    return calls;
}

}  // namespace holm::cli
