#include "services/filter/language/names.h"

namespace holm::filter::language {

namespace {

constexpr FieldName kFields[] = {
    {"ip", "saddr", Field::kIpSource, Type::kIpv4},
    {"ip", "daddr", Field::kIpDestination, Type::kIpv4},
    {"ip", "protocol", Field::kIpProtocol, Type::kProtocol},
    {"ip", "ttl", Field::kIpTtl, Type::kInteger},
    {"ip", "length", Field::kIpLength, Type::kInteger},
    {"ip", "dscp", Field::kIpDscp, Type::kDscp},
    {"ip", "id", Field::kIpId, Type::kInteger},
    {"ip6", "saddr", Field::kIp6Source, Type::kIpv6},
    {"ip6", "daddr", Field::kIp6Destination, Type::kIpv6},
    {"ip6", "nexthdr", Field::kIp6NextHeader, Type::kProtocol},
    {"ip6", "hoplimit", Field::kIp6HopLimit, Type::kInteger},
    {"ip6", "length", Field::kIp6Length, Type::kInteger},
    {"ip6", "dscp", Field::kIp6Dscp, Type::kDscp},
    {"ip6", "flowlabel", Field::kIp6FlowLabel, Type::kInteger},
    {"tcp", "sport", Field::kTcpSource, Type::kService},
    {"tcp", "dport", Field::kTcpDestination, Type::kService},
    {"tcp", "flags", Field::kTcpFlags, Type::kTcpFlags},
    {"tcp", "window", Field::kTcpWindow, Type::kInteger},
    {"udp", "sport", Field::kUdpSource, Type::kService},
    {"udp", "dport", Field::kUdpDestination, Type::kService},
    {"udp", "length", Field::kUdpLength, Type::kInteger},
    {"th", "sport", Field::kThSource, Type::kService},
    {"th", "dport", Field::kThDestination, Type::kService},
    {"icmp", "type", Field::kIcmpType, Type::kIcmpType},
    {"icmp", "code", Field::kIcmpCode, Type::kIcmpCode},
    {"icmpv6", "type", Field::kIcmpv6Type, Type::kIcmpv6Type},
    {"icmpv6", "code", Field::kIcmpv6Code, Type::kIcmpCode},
    {"meta", "iif", Field::kMetaIif, Type::kInterface},
    {"meta", "oif", Field::kMetaOif, Type::kInterface},
    {"meta", "iifname", Field::kMetaIif, Type::kInterface},
    {"meta", "oifname", Field::kMetaOif, Type::kInterface},
    {"meta", "l4proto", Field::kMetaL4proto, Type::kProtocol},
    {"meta", "nfproto", Field::kMetaNfproto, Type::kNfproto},
    {"meta", "mark", Field::kMetaMark, Type::kMark},
    {"meta", "length", Field::kMetaLength, Type::kInteger},
    {"ct", "state", Field::kCtState, Type::kCtState},
    {"ct", "status", Field::kCtStatus, Type::kCtStatus},
    {"ct", "mark", Field::kCtMark, Type::kMark},
    {"ct", "direction", Field::kCtDirection, Type::kCtDirection},
};

constexpr ValueName kValues[] = {
    {Type::kService, "ftp-data", 20},
    {Type::kService, "ftp", 21},
    {Type::kService, "ssh", 22},
    {Type::kService, "telnet", 23},
    {Type::kService, "smtp", 25},
    {Type::kService, "domain", 53},
    {Type::kService, "bootps", 67},
    {Type::kService, "bootpc", 68},
    {Type::kService, "tftp", 69},
    {Type::kService, "http", 80},
    {Type::kService, "kerberos", 88},
    {Type::kService, "pop3", 110},
    {Type::kService, "ntp", 123},
    {Type::kService, "imap2", 143},
    {Type::kService, "snmp", 161},
    {Type::kService, "bgp", 179},
    {Type::kService, "ldap", 389},
    {Type::kService, "https", 443},
    {Type::kService, "submission", 587},
    {Type::kService, "syslog", 514},
    {Type::kService, "ldaps", 636},
    {Type::kService, "domain-s", 853},
    {Type::kService, "imaps", 993},
    {Type::kService, "pop3s", 995},
    {Type::kService, "mysql", 3306},
    {Type::kService, "postgresql", 5432},
    {Type::kService, "mdns", 5353},
    {Type::kService, "http-alt", 8080},
    {Type::kProtocol, "icmp", 1},
    {Type::kProtocol, "igmp", 2},
    {Type::kProtocol, "tcp", 6},
    {Type::kProtocol, "udp", 17},
    {Type::kProtocol, "dccp", 33},
    {Type::kProtocol, "ipv6", 41},
    {Type::kProtocol, "ipv6-route", 43},
    {Type::kProtocol, "ipv6-frag", 44},
    {Type::kProtocol, "gre", 47},
    {Type::kProtocol, "esp", 50},
    {Type::kProtocol, "ah", 51},
    {Type::kProtocol, "ipv6-icmp", 58},
    {Type::kProtocol, "icmpv6", 58},
    {Type::kProtocol, "ipv6-nonxt", 59},
    {Type::kProtocol, "ipv6-opts", 60},
    {Type::kProtocol, "ospf", 89},
    {Type::kProtocol, "vrrp", 112},
    {Type::kProtocol, "sctp", 132},
    {Type::kProtocol, "udplite", 136},
    {Type::kNfproto, "ipv4", 2},
    {Type::kNfproto, "ipv6", 10},
    {Type::kDscp, "cs0", 0},
    {Type::kDscp, "cs1", 8},
    {Type::kDscp, "cs2", 16},
    {Type::kDscp, "cs3", 24},
    {Type::kDscp, "cs4", 32},
    {Type::kDscp, "cs5", 40},
    {Type::kDscp, "cs6", 48},
    {Type::kDscp, "cs7", 56},
    {Type::kDscp, "be", 0},
    {Type::kDscp, "af11", 10},
    {Type::kDscp, "af12", 12},
    {Type::kDscp, "af13", 14},
    {Type::kDscp, "af21", 18},
    {Type::kDscp, "af22", 20},
    {Type::kDscp, "af23", 22},
    {Type::kDscp, "af31", 26},
    {Type::kDscp, "af32", 28},
    {Type::kDscp, "af33", 30},
    {Type::kDscp, "af41", 34},
    {Type::kDscp, "af42", 36},
    {Type::kDscp, "af43", 38},
    {Type::kDscp, "ef", 46},
    {Type::kTcpFlags, "fin", 1},
    {Type::kTcpFlags, "syn", 2},
    {Type::kTcpFlags, "rst", 4},
    {Type::kTcpFlags, "psh", 8},
    {Type::kTcpFlags, "ack", 16},
    {Type::kTcpFlags, "urg", 32},
    {Type::kTcpFlags, "ecn", 64},
    {Type::kTcpFlags, "cwr", 128},
    {Type::kIcmpType, "echo-reply", 0},
    {Type::kIcmpType, "destination-unreachable", 3},
    {Type::kIcmpType, "source-quench", 4},
    {Type::kIcmpType, "redirect", 5},
    {Type::kIcmpType, "echo-request", 8},
    {Type::kIcmpType, "router-advertisement", 9},
    {Type::kIcmpType, "router-solicitation", 10},
    {Type::kIcmpType, "time-exceeded", 11},
    {Type::kIcmpType, "parameter-problem", 12},
    {Type::kIcmpType, "timestamp-request", 13},
    {Type::kIcmpType, "timestamp-reply", 14},
    {Type::kIcmpType, "info-request", 15},
    {Type::kIcmpType, "info-reply", 16},
    {Type::kIcmpType, "address-mask-request", 17},
    {Type::kIcmpType, "address-mask-reply", 18},
    {Type::kIcmpv6Type, "destination-unreachable", 1},
    {Type::kIcmpv6Type, "packet-too-big", 2},
    {Type::kIcmpv6Type, "time-exceeded", 3},
    {Type::kIcmpv6Type, "parameter-problem", 4},
    {Type::kIcmpv6Type, "echo-request", 128},
    {Type::kIcmpv6Type, "echo-reply", 129},
    {Type::kIcmpv6Type, "mld-listener-query", 130},
    {Type::kIcmpv6Type, "mld-listener-report", 131},
    {Type::kIcmpv6Type, "mld-listener-done", 132},
    {Type::kIcmpv6Type, "mld-listener-reduction", 132},
    {Type::kIcmpv6Type, "nd-router-solicit", 133},
    {Type::kIcmpv6Type, "nd-router-advert", 134},
    {Type::kIcmpv6Type, "nd-neighbor-solicit", 135},
    {Type::kIcmpv6Type, "nd-neighbor-advert", 136},
    {Type::kIcmpv6Type, "nd-redirect", 137},
    {Type::kIcmpv6Type, "router-renumbering", 138},
    {Type::kIcmpv6Type, "ind-neighbor-solicit", 141},
    {Type::kIcmpv6Type, "ind-neighbor-advert", 142},
    {Type::kIcmpv6Type, "mld2-listener-report", 143},
    {Type::kCtState, "invalid", kStateInvalid},
    {Type::kCtState, "established", kStateEstablished},
    {Type::kCtState, "related", kStateRelated},
    {Type::kCtState, "new", kStateNew},
    {Type::kCtState, "untracked", kStateUntracked},
    {Type::kCtStatus, "seen-reply", kStatusSeenReply},
    {Type::kCtStatus, "assured", kStatusAssured},
    {Type::kCtStatus, "confirmed", kStatusConfirmed},
    {Type::kCtStatus, "snat", kStatusSnat},
    {Type::kCtStatus, "dnat", kStatusDnat},
    {Type::kCtDirection, "original", 0},
    {Type::kCtDirection, "reply", 1},
};

struct TypeName {
    std::string_view name;
    Type type;
};
constexpr TypeName kTypes[] = {
    {"ipv4_addr", Type::kIpv4},         {"ipv6_addr", Type::kIpv6},   {"inet_service", Type::kService},
    {"inet_proto", Type::kProtocol},    {"mark", Type::kMark},        {"ifname", Type::kInterface},
    {"iface_index", Type::kInterface},  {"dscp", Type::kDscp},        {"icmp_type", Type::kIcmpType},
    {"icmpv6_type", Type::kIcmpv6Type}, {"ct_state", Type::kCtState}, {"nf_proto", Type::kNfproto},
};

}  // namespace

std::span<const FieldName> field_names() {
    return kFields;
}

std::optional<std::uint32_t> find_value(Type type, std::string_view name) {
    for (const ValueName& entry : kValues)
        if (entry.type == type && entry.name == name) return entry.value;
    return std::nullopt;
}

std::string allowed_values(Type type) {
    switch (type) {
        case Type::kIpv4:
            return "an IPv4 address, a prefix such as 10.0.0.0/8 or a range of them";
        case Type::kIpv6:
            return "an IPv6 address, a prefix such as 2001:db8::/32 or a range of them";
        case Type::kInterface:
            return "the name of an interface";
        case Type::kInteger:
        case Type::kMark:
        case Type::kIcmpCode:
            return "a number or a range";
        default:
            break;
    }
    std::string names = "a number";
    for (const ValueName& entry : kValues)
        if (entry.type == type) names += (names.empty() ? "" : ", ") + std::string(entry.name);
    return names;
}

std::optional<Type> find_type(std::string_view name) {
    for (const TypeName& entry : kTypes)
        if (entry.name == name) return entry.type;
    return std::nullopt;
}

std::string allowed_types() {
    std::string names;
    for (const TypeName& entry : kTypes) names += (names.empty() ? "" : ", ") + std::string(entry.name);
    return names;
}

unsigned bits_of(Type type) {
    switch (type) {
        case Type::kIpv6:
            return 128;
        case Type::kIpv4:
        case Type::kMark:
        case Type::kCtState:
        case Type::kCtStatus:
            return 32;
        case Type::kService:
        case Type::kInterface:
            return 16;
        case Type::kDscp:
            return 6;
        case Type::kInteger:
            return 0;
        default:
            return 8;
    }
}

bool compatible(Type field, Type set) {
    return field == set;
}

bool is_bitmask(Type type) {
    return type == Type::kTcpFlags || type == Type::kCtState || type == Type::kCtStatus;
}

}  // namespace holm::filter::language
