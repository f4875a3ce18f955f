#include "services/http/content_coding.h"

#include <array>

#include "services/http/characters.h"

namespace holm::http {
namespace {

constexpr unsigned kNotNamed = ~0u;

// What the client thinks of each coding, in thousandths.
struct Wishes {
    std::array<unsigned, kCodingCount> weights = {kNotNamed, kNotNamed, kNotNamed};
    unsigned others = kNotNamed;  // "*"

    void read(std::string_view list) {
        while (!list.empty()) {
            const std::string_view item = next_list_item(list);
            const std::size_t semicolon = item.find(';');
            const std::string_view name = trim(item.substr(0, semicolon));
            const auto weight = parse_weight(semicolon == item.npos ? "" : item.substr(semicolon));
            if (!weight) continue;
            if (name == "*") others = *weight;
            if (equals_ignoring_case(name, "identity")) weights[0] = *weight;
            // "x-gzip" is an old name for the same (RFC 9110 §8.4.1.3).
            if (equals_ignoring_case(name, "gzip") || equals_ignoring_case(name, "x-gzip"))
                weights[1] = *weight;
            if (equals_ignoring_case(name, "br")) weights[2] = *weight;
        }
    }
    unsigned of(Coding coding) const {
        const unsigned named = weights[static_cast<std::size_t>(coding)];
        if (named != kNotNamed) return named;
        if (others != kNotNamed) return others;
        return coding == Coding::kIdentity ? 1 : 0;  // acceptable, but whatever is named is liked better
    }
};

}  // namespace

std::string_view coding_name(Coding coding) {
    return coding == Coding::kGzip ? "gzip" : coding == Coding::kBrotli ? "br" : "";
}

std::string_view coding_suffix(Coding coding) {
    return coding == Coding::kGzip ? ".gz" : coding == Coding::kBrotli ? ".br" : "";
}

std::optional<unsigned> parse_weight(std::string_view parameters) {
    parameters = trim(parameters);
    if (parameters.empty()) return 1000;
    if (parameters.front() != ';') return std::nullopt;
    std::string_view text = trim(parameters.substr(1));
    if (text.size() < 3 || to_lower(text[0]) != 'q' || text[1] != '=') return std::nullopt;
    text.remove_prefix(2);
    if (text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
    unsigned weight = text[0] == '1' ? 1000 : 0;
    if (text.size() > 1 && text[1] != '.') return std::nullopt;
    unsigned unit = 100;
    for (std::size_t i = 2; i < text.size(); ++i, unit /= 10) {
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        weight += unit * static_cast<unsigned>(text[i] - '0');
    }
    if (weight > 1000) return std::nullopt;
    return weight;
}

std::optional<Coding> choose_coding(const Request& request, CodingSet available) {
    Wishes wishes;
    bool asked = false;
    for (std::size_t i = 0; i < request.header_count(); ++i) {
        if (!equals_ignoring_case(request.header_name(i), "accept-encoding")) continue;
        asked = true;
        wishes.read(request.header_value(i));
    }
    if (!asked) return Coding::kIdentity;  // anything would be acceptable, this is understood by everybody
    std::optional<Coding> best;
    for (const Coding coding : {Coding::kBrotli, Coding::kGzip, Coding::kIdentity}) {
        if (coding != Coding::kIdentity && !available.contains(coding)) continue;
        const unsigned weight = wishes.of(coding);
        if (weight > 0 && (!best || weight > wishes.of(*best))) best = coding;
    }
    return best;
}

}  // namespace holm::http
