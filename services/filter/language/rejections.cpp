// Rejections, and what their senders are told.

#include <algorithm>

#include "services/filter/language/parser.h"

namespace holm::filter::language {

namespace {

struct Rejection {
    std::string_view name;
    std::uint8_t code;
};
constexpr Rejection kIcmpCodes[] = {{"net-unreachable", 0},  {"host-unreachable", 1}, {"prot-unreachable", 2},
                                    {"port-unreachable", 3}, {"net-prohibited", 9},   {"host-prohibited", 10},
                                    {"admin-prohibited", 13}};
constexpr Rejection kIcmpv6Codes[] = {{"no-route", 0},         {"admin-prohibited", 1},
                                      {"addr-unreachable", 3}, {"port-unreachable", 4},
                                      {"policy-fail", 5},      {"reject-route", 6}};
struct BothCodes {
    std::string_view name;
    std::uint8_t icmp;
    std::uint8_t icmpv6;
};
constexpr BothCodes kIcmpxCodes[] = {
    {"no-route", 0, 0}, {"port-unreachable", 3, 4}, {"host-unreachable", 1, 3}, {"admin-prohibited", 13, 1}};

template <typename Table>
std::string names_of(const Table& table) {
    std::string names;
    for (const auto& entry : table) names += (names.empty() ? "" : ", ") + std::string(entry.name);
    return names;
}

}  // namespace

Item Parser::reject(const TableSource& table) {
    Reject reject;
    if (!tokens_.accept("with")) return reject;
    const Token kind = tokens_.next();
    if (kind.is("tcp")) {
        tokens_.expect("reset");
        reject.entry.tcp_reset = 1;
        return reject;
    }
    tokens_.accept("type");
    const Token name = tokens_.next();
    if (kind.is("icmpx")) {
        const auto found = std::ranges::find(kIcmpxCodes, std::string_view(name.text), &BothCodes::name);
        if (found == std::end(kIcmpxCodes))
            TokenStream::fail(name.position,
                              "unknown rejection " + shown(name) + "; icmpx has: " + names_of(kIcmpxCodes));
        reject.entry.icmp_code = found->icmp;
        reject.entry.icmpv6_code = found->icmpv6;
        return reject;
    }
    const bool is_v4 = kind.is("icmp");
    if (!is_v4 && !kind.is("icmpv6"))
        TokenStream::fail(kind.position,
                          "expected icmp, icmpv6, icmpx or tcp reset behind 'with', found " + shown(kind));
    if (table.family == (is_v4 ? TableFamily::kIpv6 : TableFamily::kIpv4))
        TokenStream::fail(kind.position, "this table never sees packets of that family");
    reject.family = is_v4 ? 4 : 6;
    const auto find = [&](const auto& codes) {
        const auto found = std::ranges::find(codes, std::string_view(name.text), &Rejection::name);
        if (found == std::end(codes))
            TokenStream::fail(name.position, "unknown rejection " + shown(name) + "; " + kind.text +
                                                 " has: " + names_of(codes));
        return found->code;
    };
    if (is_v4)
        reject.entry.icmp_code = find(kIcmpCodes);
    else
        reject.entry.icmpv6_code = find(kIcmpv6Codes);
    return reject;
}

}  // namespace holm::filter::language
