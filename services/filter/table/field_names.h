#pragma once

// Fields as nft writes them.

#include <string_view>

#include "services/filter/table/layout.h"

namespace holm::filter {

constexpr std::string_view field_name(Field field) {
    constexpr std::array<std::string_view, std::size_t(Field::kCount)> kNames{"",
                                                                              "ip saddr",
                                                                              "ip daddr",
                                                                              "ip protocol",
                                                                              "ip ttl",
                                                                              "ip length",
                                                                              "ip dscp",
                                                                              "ip id",
                                                                              "ip6 saddr",
                                                                              "ip6 daddr",
                                                                              "ip6 nexthdr",
                                                                              "ip6 hoplimit",
                                                                              "ip6 length",
                                                                              "ip6 dscp",
                                                                              "ip6 flowlabel",
                                                                              "tcp sport",
                                                                              "tcp dport",
                                                                              "tcp flags",
                                                                              "tcp window",
                                                                              "udp sport",
                                                                              "udp dport",
                                                                              "udp length",
                                                                              "th sport",
                                                                              "th dport",
                                                                              "icmp type",
                                                                              "icmp code",
                                                                              "icmpv6 type",
                                                                              "icmpv6 code",
                                                                              "iif",
                                                                              "oif",
                                                                              "iifname pattern",
                                                                              "oifname pattern",
                                                                              "meta l4proto",
                                                                              "meta nfproto",
                                                                              "meta mark",
                                                                              "meta length",
                                                                              "ct state",
                                                                              "ct status",
                                                                              "ct mark",
                                                                              "ct direction"};
    return kNames[std::size_t(field)];
}

// All bits of a field of up to 8 bytes.
constexpr std::uint64_t field_mask(Field field) {
    const unsigned bits = field_size(field) * 8U;
    return bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
}

}  // namespace holm::filter
