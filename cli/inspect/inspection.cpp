#include "cli/inspect/inspection.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "cli/text/format.h"
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

std::optional<tender::Note> find_note(Bytes image, const char* owner, std::uint32_t type) {
    // The loader's parser has checked that the table lies in the image; of the notes it has read the head's
    // only.
    tender::elf::FileHeader header;
    std::memcpy(&header, image.data(), sizeof header);
    tender::NoteWalker notes(image, header.e_phoff, header.e_phnum);
    for (tender::Note note;;) {
        const auto step = notes.next(note);
        if (!step) continue;
        if (!*step) return std::nullopt;
        if (note.is(owner, type)) return note;
    }
}

std::string find_build_id(Bytes image) {
    constexpr std::size_t kLongest = 64;
    const auto note = find_note(image, "GNU", kGnuBuildId);
    std::string text;
    if (!note || note->description.size() > kLongest) return text;
    for (const std::byte byte : note->description)
        text += formatted("{:02x}", std::to_integer<unsigned>(byte));
    return text;
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
    inspection.build_id = find_build_id(image);
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
