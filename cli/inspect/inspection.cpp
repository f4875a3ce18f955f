#include "cli/inspect/inspection.h"

#include <algorithm>
#include <cstring>
#include <format>
#include <map>

#include "tender/loader/elf.h"
#include "tender/loader/parse.h"

namespace holm::cli {
namespace {

constexpr std::uint32_t kGnuBuildId = 3;

std::vector<Share> sorted_shares(std::map<std::string, Share, std::less<>> shares) {
    std::vector<Share> sorted;
    for (auto& [key, share] : shares) sorted.push_back(std::move(share));
    std::ranges::stable_sort(sorted, std::greater{}, &Share::bytes);
    return sorted;
}

std::vector<Share> sizes_by_library(const LinkMap& map) {
    std::map<std::string, Share, std::less<>> shares;
    for (const MapInput& input : map.inputs) {
        if (!input.in_image()) continue;
        const std::string library(input.library());
        Share& share = shares.try_emplace(library, Share{library, 0, ""}).first->second;
        share.bytes += input.size;
    }
    return sorted_shares(std::move(shares));
}

std::vector<Share> sizes_by_symbol(const LinkMap& map) {
    constexpr std::size_t kMostSymbols = 1000;
    std::vector<Share> shares;
    for (const MapSymbol& symbol : map.symbols) {
        const MapInput& input = map.inputs[symbol.input];
        if (!input.in_image() || symbol.size == 0) continue;
        shares.push_back({std::string(symbol.name), symbol.size, std::string(input.library())});
    }
    std::ranges::stable_sort(shares, std::greater{}, &Share::bytes);
    if (shares.size() > kMostSymbols) shares.resize(kMostSymbols);
    return shares;
}

}  // namespace

std::string find_build_id(Bytes image, const tender::LoadPlan& plan) {
    // The program headers were checked by the loader's parser; their notes were not, apart from the manifest.
    tender::elf::FileHeader header;
    std::memcpy(&header, image.data(), sizeof header);
    for (std::uint32_t i = 0; i < plan.program_header_count; ++i) {
        tender::elf::ProgramHeader program;
        std::memcpy(&program, image.data() + header.e_phoff + i * sizeof program, sizeof program);
        if (program.p_type != tender::elf::kSegmentNote || program.p_offset > image.size() ||
            program.p_filesz > image.size() - program.p_offset) {
            continue;
        }
        Bytes notes = image.subspan(program.p_offset, program.p_filesz);
        tender::elf::NoteHeader note;
        while (notes.size() >= sizeof note) {
            std::memcpy(&note, notes.data(), sizeof note);
            const std::uint64_t name_size = (std::uint64_t{note.n_namesz} + 3) & ~std::uint64_t{3};
            const std::uint64_t value_size = (std::uint64_t{note.n_descsz} + 3) & ~std::uint64_t{3};
            if (name_size + value_size > notes.size() - sizeof note) break;
            const bool gnu = note.n_namesz == 4 && std::memcmp(notes.data() + sizeof note, "GNU", 4) == 0;
            if (gnu && note.n_type == kGnuBuildId && note.n_descsz <= 64) {
                std::string text;
                for (const std::byte byte : notes.subspan(sizeof note + name_size, note.n_descsz)) {
                    text += std::format("{:02x}", std::to_integer<unsigned>(byte));
                }
                return text;
            }
            notes = notes.subspan(sizeof note + name_size + value_size);
        }
    }
    return "";
}

std::expected<Inspection, std::string> inspect_image(Bytes image, std::optional<std::string_view> map_text) {
    Inspection inspection;
    inspection.file_size = image.size();
    inspection.plan = std::make_unique<tender::LoadPlan>();
    const Bytes head = image.first(std::min<std::size_t>(image.size(), tender::kHeadSize));
    if (const auto parsed = tender::parse_image(head, image.size(), *inspection.plan); !parsed) {
        tender::Sentence why;
        parsed.error().describe(why);
        return std::unexpected(std::string(why.view()));
    }
    inspection.build_id = find_build_id(image, *inspection.plan);
    auto content = read_content(image, *inspection.plan);
    if (!content) return std::unexpected(content.error());
    inspection.content = *std::move(content);
    if (!map_text) return inspection;
    const auto map = parse_link_map(*map_text);
    if (!map) return std::unexpected("the link map beside it is not one that lld wrote");
    inspection.has_map = true;
    inspection.stack_protector = std::ranges::contains(map->symbols, "__stack_chk_fail", &MapSymbol::name);
    inspection.calls = find_needed_calls(image, *inspection.plan, *map);
    inspection.libraries = sizes_by_library(*map);
    inspection.symbols = sizes_by_symbol(*map);
    return inspection;
}

}  // namespace holm::cli
