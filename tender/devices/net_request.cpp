#include "tender/devices/net_request.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/address_text.h"
#include "base/result.h"
#include "tender/text/number.h"

namespace holm::tender {
namespace {

constexpr std::size_t kInterfaceNameLimit = 15;  // IFNAMSIZ with its NUL is 16
constexpr std::uint64_t kMtuLowest = 576;        // RFC 791: every IPv4 host accepts datagrams of this size
constexpr std::uint16_t kMtuLowestV6 = 1280;     // RFC 8200, section 5
constexpr std::uint64_t kMtuHighest = 65535;
constexpr std::uint64_t kVlanHighest = 4094;  // IEEE 802.1Q: 0 is no VLAN, 4095 is reserved

// Cuts `text` at the first `separator`: returns what stands before it, leaves what stands behind.
std::string_view cut(std::string_view& text, char separator) {
    const std::size_t at = text.find(separator);
    const std::string_view head = text.substr(0, at);
    text = at == std::string_view::npos ? std::string_view{} : text.substr(at + 1);
    return head;
}

// Copies an address if there is one.
template <std::size_t kSize>
bool take(const std::optional<std::array<std::uint8_t, kSize>>& parsed, std::uint8_t (&address)[kSize]) {
    if (parsed) std::copy(parsed->begin(), parsed->end(), address);
    return parsed.has_value();
}

std::optional<std::uint8_t> parse_hex_byte(std::string_view text) {
    const auto digit = [](char c) {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        if (c >= 'A' && c <= 'F') return c - 'A' + 10;
        return -1;
    };
    if (text.size() != 2 || digit(text[0]) < 0 || digit(text[1]) < 0) return std::nullopt;
    return static_cast<std::uint8_t>(digit(text[0]) * 16 + digit(text[1]));
}

bool parse_mac(std::string_view text, std::uint8_t (&mac)[6]) {
    for (int i = 0; i < 6; i++) {
        const auto byte = parse_hex_byte(cut(text, ':'));
        if (!byte) return false;
        mac[i] = *byte;
        if (i < 5 && text.empty()) return false;
    }
    return text.empty() && (mac[0] & 1) == 0;
}

class RequestParser {
  public:
    explicit RequestParser(std::string_view text) : whole_(text) {}

    std::expected<NetRequest, Sentence> run() {
        std::string_view rest = whole_;
        if (rest.find('=') == std::string_view::npos)
            return wrong("must be NAME=tapX, NAME=fd:N or NAME=stream:N, with ,ip= and so on behind");
        request_.name = cut(rest, '=');
        if (request_.name.empty()) return wrong("names no device in front of the '='");
        TRY(parse_source(cut(rest, ',')));
        while (!rest.empty()) TRY(parse_setting(cut(rest, ',')));
        const holm_boot_net& net = request_.settings;
        if (net.configuration != HOLM_NET_STATIC && (has_gateway_ || dns_count_ != 0))
            return wrong("has gw= or dns=, which need an address: ip=A.B.C.D/N");
        if (net.ipv6_configuration != HOLM_NET_STATIC && (has_gateway_v6_ || dns_v6_count_ != 0))
            return wrong("has gw6= or an IPv6 dns=, which need an address: ip6=fd00::2/64");
        if (net.ipv6_configuration == HOLM_NET_STATIC && net.mtu != 0 && net.mtu < kMtuLowestV6)
            return wrong("has ip6= and an mtu= below 1280, the least that IPv6 works with");
        return request_;
    }

  private:
    using Outcome = std::expected<void, Sentence>;

    std::unexpected<Sentence> wrong(std::string_view what, std::string_view part = {}) const {
        Sentence sentence;
        sentence.text("--net ").foreign(whole_);
        if (!part.empty()) sentence.text(": '").foreign(part).text("'");
        sentence.text(" ").text(what);
        return std::unexpected(sentence);
    }

    Outcome parse_descriptor(std::string_view text, NetRequest::Source source) {
        const auto number = parse_decimal(text, 1 << 20);
        if (!number || *number < 3) return wrong("is no descriptor; allowed: 3 to 1048576", text);
        request_.source = source;
        request_.descriptor = static_cast<int>(*number);
        return {};
    }

    Outcome parse_source(std::string_view text) {
        if (text.starts_with("fd:"))
            return parse_descriptor(text.substr(3), NetRequest::Source::kTapDescriptor);
        if (text.starts_with("stream:")) return parse_descriptor(text.substr(7), NetRequest::Source::kStream);
        if (text.empty() || text.size() > kInterfaceNameLimit || text.find('/') != std::string_view::npos)
            return wrong("is no interface name; allowed: 1 to 15 characters without '/'", text);
        request_.interface = text;
        return {};
    }

    Outcome parse_setting(std::string_view text) {
        std::string_view value = text;
        const std::string_view key = cut(value, '=');
        holm_boot_net& net = request_.settings;
        if (key == "ip") return parse_address(value);
        if (key == "ip6") return parse_address_v6(value);
        if (key == "gw6") {
            has_gateway_v6_ = true;
            if (!take(parse_ipv6(value), net.ipv6_gateway))
                return wrong("is no gateway; allowed: gw6=fd00::1 and the like", text);
            return {};
        }
        if (key == "gw") {
            has_gateway_ = true;
            if (!take(parse_ipv4(value), net.ipv4_gateway))
                return wrong("is no gateway; allowed: gw=A.B.C.D", text);
            return {};
        }
        if (key == "dns") {
            int& count = value.find(':') == value.npos ? dns_count_ : dns_v6_count_;
            if (count == 2) return wrong("is one too many; allowed: two dns= of a family", text);
            const bool taken = &count == &dns_count_ ? take(parse_ipv4(value), net.ipv4_dns[count])
                                                     : take(parse_ipv6(value), net.ipv6_dns[count]);
            if (!taken) return wrong("is no name server; allowed: dns=A.B.C.D or dns=fd00::1", text);
            ++count;
            return {};
        }
        if (key == "mac") {
            request_.has_mac = true;
            if (!parse_mac(value, net.mac))
                return wrong("is no address of one station; allowed: mac=02:00:00:00:00:01 and the like",
                             text);
            return {};
        }
        if (key == "mtu") {
            const auto mtu = parse_decimal(value, kMtuHighest);
            if (!mtu || *mtu < kMtuLowest) return wrong("is no MTU; allowed: mtu=576 to mtu=65535", text);
            net.mtu = static_cast<std::uint16_t>(*mtu);
            return {};
        }
        if (key == "vlan") {
            const auto id = parse_decimal(value, kVlanHighest);
            if (value != "off" && (!id || *id == 0))
                return wrong("is no VLAN; allowed: vlan=1 to vlan=4094 or vlan=off", text);
            net.vlan = value == "off" ? HOLM_NET_UNTAGGED : static_cast<std::uint16_t>(*id);
            return {};
        }
        return wrong("is no setting; allowed: ip= gw= ip6= gw6= dns= vlan= mac= mtu=", text);
    }

    Outcome parse_address(std::string_view value) {
        holm_boot_net& net = request_.settings;
        if (value == "dhcp" || value == "off") {
            net.configuration = value == "dhcp" ? HOLM_NET_DHCP : HOLM_NET_OFF;
            return {};
        }
        std::string_view prefix = value;
        const std::string_view address = cut(prefix, '/');
        const auto length = parse_decimal(prefix, 32);
        if (!take(parse_ipv4(address), net.ipv4_address) || !length || *length == 0)
            return wrong("is no address; allowed: ip=A.B.C.D/N with N from 1 to 32, ip=dhcp or ip=off",
                         value);
        net.ipv4_prefix_length = static_cast<std::uint8_t>(*length);
        net.configuration = HOLM_NET_STATIC;
        return {};
    }

    Outcome parse_address_v6(std::string_view value) {
        holm_boot_net& net = request_.settings;
        constexpr std::pair<std::string_view, holm_net_configuration> kWays[] = {
            {"auto", HOLM_NET_AUTOMATIC}, {"dhcp", HOLM_NET_DHCP}, {"off", HOLM_NET_OFF}};
        for (const auto& [word, way] : kWays) {
            if (value != word) continue;
            net.ipv6_configuration = way;
            return {};
        }
        std::string_view prefix = value;
        const std::string_view address = cut(prefix, '/');
        const auto length = parse_decimal(prefix, 128);
        if (!take(parse_ipv6(address), net.ipv6_address) || !length || *length == 0)
            return wrong(
                "is no address; allowed: ip6=fd00::2/N with N from 1 to 128, ip6=auto, ip6=dhcp or ip6=off",
                value);
        net.ipv6_prefix_length = static_cast<std::uint8_t>(*length);
        net.ipv6_configuration = HOLM_NET_STATIC;
        return {};
    }

    std::string_view whole_;
    NetRequest request_;
    bool has_gateway_ = false;
    bool has_gateway_v6_ = false;
    int dns_count_ = 0;
    int dns_v6_count_ = 0;
};

}  // namespace

std::expected<NetRequest, Sentence> parse_net_request(std::string_view text) {
    return RequestParser(text).run();
}

}  // namespace holm::tender
