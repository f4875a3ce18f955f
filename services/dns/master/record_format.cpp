#include "services/dns/master/record_format.h"

#include <algorithm>
#include <charconv>
#include <format>

namespace holm::dns {

namespace {

constexpr RecordFormat kFormats[] = {
    {1, "A", "A"},
    {2, "NS", "N"},
    {3, "MD", "N"},
    {4, "MF", "N"},
    {5, "CNAME", "N"},
    {6, "SOA", "NN4tttt"},
    {7, "MB", "N"},
    {8, "MG", "N"},
    {9, "MR", "N"},
    {11, "WKS", "Aw"},
    {12, "PTR", "N"},
    {13, "HINFO", "ss"},
    {14, "MINFO", "NN"},
    {15, "MX", "2N"},
    {16, "TXT", "S"},
    {17, "RP", "nn"},
    {18, "AFSDB", "2n"},
    {19, "X25", "s"},
    {20, "ISDN", "so"},
    {21, "RT", "2n"},
    {22, "NSAP", "z"},
    {25, "KEY", "21ab"},
    {26, "PX", "2nn"},
    {27, "GPOS", "sss"},
    {28, "AAAA", "6"},
    {29, "LOC", "L"},
    {33, "SRV", "222n"},
    {35, "NAPTR", "22sssn"},
    {36, "KX", "2n"},
    {37, "CERT", "c2ab"},
    {39, "DNAME", "n"},
    {42, "APL", "p"},
    {43, "DS", "2a1x"},
    {44, "SSHFP", "11x"},
    {45, "IPSECKEY", "k"},
    {46, "RRSIG", "Ta1tdd2nb"},
    {47, "NSEC", "nB"},
    {48, "DNSKEY", "21ab"},
    {49, "DHCID", "b"},
    {50, "NSEC3", "112lhB"},
    {51, "NSEC3PARAM", "112l"},
    {52, "TLSA", "111x"},
    {53, "SMIMEA", "111x"},
    {55, "HIP", "H"},
    {58, "TALINK", "nn"},
    {59, "CDS", "2a1x"},
    {60, "CDNSKEY", "21ab"},
    {61, "OPENPGPKEY", "b"},
    {62, "CSYNC", "42B"},
    {63, "ZONEMD", "411x"},
    {64, "SVCB", "2nv"},
    {65, "HTTPS", "2nv"},
    {99, "SPF", "S"},
    {104, "NID", "2i"},
    {105, "L32", "2A"},
    {106, "L64", "2i"},
    {107, "LP", "2n"},
    {108, "EUI48", "e"},
    {109, "EUI64", "E"},
    {256, "URI", "22q"},
    {257, "CAA", "1gq"},
    {258, "AVC", "S"},
    {260, "AMTRELAY", "r"},
    {261, "RESINFO", "S"},
    {32769, "DLV", "2a1x"},
};

bool same_letters(std::string_view left, std::string_view right) {
    const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 0x20) : c; };
    return std::ranges::equal(left, right, {}, upper, upper);
}

}  // namespace

const RecordFormat* find_format(std::uint16_t type) {
    const auto found = std::ranges::lower_bound(kFormats, type, {}, &RecordFormat::type);
    return found != std::end(kFormats) && found->type == type ? &*found : nullptr;
}

std::optional<std::uint16_t> parse_type(std::string_view text) {
    for (const RecordFormat& format : kFormats) {
        if (same_letters(format.name, text)) return format.type;
    }
    // RFC 3597, section 5.
    if (text.size() < 5 || !same_letters(text.substr(0, 4), "TYPE")) return std::nullopt;
    std::uint16_t number = 0;
    const auto [end, error] = std::from_chars(text.data() + 4, text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::string type_text(std::uint16_t type) {
    const RecordFormat* format = find_format(type);
    return format != nullptr ? std::string(format->name) : std::format("TYPE{}", type);
}

std::string all_type_names() {
    std::string names;
    for (const RecordFormat& format : kFormats) names += std::string(format.name) + ", ";
    return names + "TYPE0 to TYPE65535";
}

}  // namespace holm::dns
