#include "tests/interop/dns/queries.h"

#include <algorithm>
#include <set>

namespace holm::dns_compare {

namespace {

void append_u16(std::string& bytes, unsigned number) {
    bytes += static_cast<char>(number >> 8);
    bytes += static_cast<char>(number);
}

}  // namespace

Queries::Queries(const std::vector<std::vector<dns::Record>>& zones,
                 const std::vector<dns::WireName>& origins, std::uint64_t seed)
    : random_(seed) {
    std::set<dns::WireName> names;
    // 65280 is in no zone, 255 is ANY, 46 RRSIG.
    std::set<std::uint16_t> types = {1,  2,  5,  6,  12, 15, 16, 28, 33,  35,  39,   43,
                                     46, 47, 48, 50, 51, 52, 64, 65, 255, 257, 65280};
    for (std::size_t i = 0; i < zones.size(); ++i) {
        for (const dns::Record& record : zones[i]) {
            types.insert(record.type);
            // And all names on the way up, with and without records.
            for (std::string_view name = record.owner; name.size() >= origins[i].size();
                 name = dns::parent(name)) {
                names.insert(dns::lower(dns::WireName(name)));
                if (name.size() <= 1) break;
            }
        }
    }
    names_.assign(names.begin(), names.end());
    types_.assign(types.begin(), types.end());
    std::ranges::shuffle(names_, random_);
}

std::string Queries::next() {
    const std::size_t number = next_++;
    if (number < systematic()) {
        const std::size_t pair = number / 2;
        return build(names_[pair / types_.size()], types_[pair % types_.size()], number % 2 == 0 ? 0 : 1232,
                     number % 2 != 0);
    }
    constexpr unsigned kSizes[] = {0, 0, 512, 1232, 4096, 65'535, 1};
    const unsigned size = kSizes[below(std::size(kSizes))];
    return build(random_name(), types_[below(types_.size())], size, size != 0 && below(3) != 0);
}

// Names that exist, below one, beside one, above one, and with letters changed.
dns::WireName Queries::random_name() {
    dns::WireName name = names_[below(names_.size())];
    const auto label = [&] {
        constexpr std::string_view kLetters = "abcxyz0189-_*";
        std::string text(1 + below(below(8) == 0 ? 63 : 4), '\0');
        for (char& c : text)
            c = below(40) == 0 ? static_cast<char>(below(256)) : kLetters[below(kLetters.size())];
        if (below(10) == 0) text = "*";
        return static_cast<char>(text.size()) + text;
    };
    switch (below(8)) {
        case 0:
        case 1:
            name = label() + name;
            break;
        case 2:
            name = label() + label() + name;
            break;
        case 3:
            if (name.size() > 1) name = label() + dns::WireName(dns::parent(name));
            break;
        case 4:
            if (name.size() > 1) name = dns::WireName(dns::parent(name));
            break;
        case 5:  // a byte more or less: the neighbour in the order of names
            if (name.size() > 2 && name[0] > 0)
                name[static_cast<std::size_t>(name[0])] += below(2) == 0 ? 1 : -1;
            break;
        default:
            break;
    }
    if (name.size() > 255) return names_[0];
    for (std::size_t at = 0; name[at] != 0; at += 1 + static_cast<std::size_t>(name[at])) {
        for (std::size_t i = at + 1; i <= at + static_cast<std::size_t>(name[at]); ++i) {
            if (name[i] >= 'a' && name[i] <= 'z' && below(4) == 0)
                name[i] = static_cast<char>(name[i] - 0x20);
        }
    }
    return name;
}

std::string Queries::build(dns::WireName name, std::uint16_t type, unsigned edns, bool dnssec) {
    std::string query(2, '\0');
    append_u16(query, (below(2) == 0 ? 0x0100u : 0u) | (below(8) == 0 ? 0x0010u : 0u));
    append_u16(query, 1);
    append_u16(query, 0);
    append_u16(query, 0);
    append_u16(query, edns != 0 ? 1 : 0);
    query += name;
    append_u16(query, type);
    append_u16(query, 1);
    if (edns == 0) return query;
    query += '\0';
    append_u16(query, 41);
    append_u16(query, edns);
    append_u16(query, 0);
    append_u16(query, dnssec ? 0x8000 : 0);
    append_u16(query, 0);
    return query;
}

}  // namespace holm::dns_compare
