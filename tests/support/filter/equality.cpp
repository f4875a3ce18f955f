#include "tests/support/filter/equality.h"

#include <cstdio>

namespace holm::test {

using net::IpAddress;
using packet::Packet;

namespace {

// What a router may choose freely in packets of its own.
void blur(Octets& octets) {
    const bool is_v4 = octets[12] == std::byte{0x08};
    if (is_v4) {
        octets[15] = std::byte{0};                                            // type of service
        for (std::size_t i : {18, 19, 20, 24, 25}) octets[i] = std::byte{0};  // identification, DF, checksum
        put16(octets, 24, InternetChecksum{}.add(Bytes(octets).subspan(14, 20)).value());
    } else {
        for (std::size_t i : {14, 15, 16, 17}) octets[i] = std::byte{0};  // traffic class, flow label
    }
}

}  // namespace

std::string hex(const Octets& octets) {
    std::string text;
    for (std::size_t i = 14; i < octets.size(); ++i) {
        char part[4];
        std::snprintf(part, sizeof part, "%02x", unsigned(octets[i]));
        text += part;
    }
    return text;
}

std::string describe(const std::vector<Output>& outputs) {
    std::string text;
    for (const Output& output : outputs)
        text += " [" + std::string(output.tap == 0 ? "inside " : "outside ") + hex(output.octets) + "]";
    return text.empty() ? " nothing" : text;
}

Injection adapted(const Injection& injection, const std::optional<Output>& about) {
    Injection result = injection;
    if (!about) return result;
    Octets out = about->octets;
    const auto sent = Packet::parse(out, {});
    auto answer = Packet::parse(result.octets, {});
    if (!sent || !answer) return result;
    result.tap = about->tap;
    const bool icmp = answer->protocol() == packet::kIcmp || answer->protocol() == packet::kIcmpv6;
    if (icmp && sent->protocol() == answer->protocol() && answer->transport().size() == 8) {
        answer->set_source(sent->destination());
        answer->set_destination(sent->source());
        answer->set_icmp_identifier(sent->icmp_identifier());
    } else if (icmp) {
        const MutableBytes quoted = answer->transport().subspan(8);
        const IpAddress from = answer->source(), to = sent->source();
        Octets body(answer->transport().begin(), answer->transport().end());
        std::copy_n(sent->network().begin(), std::min(quoted.size(), sent->network().size()),
                    body.begin() + 8);
        result.octets = frame(from, to, answer->protocol(), body);
    } else {
        answer->set_source(sent->destination());
        answer->set_destination(sent->source());
        if (answer->has_ports() && sent->has_ports()) {
            answer->set_source_port(sent->destination_port());
            answer->set_destination_port(sent->source_port());
        }
    }
    return result;
}

Equality compare(const Output& linux_one, const Output& ours, const Injection& for_linux,
                 const Injection& injection) {
    Octets a = linux_one.octets, b = ours.octets;
    if (linux_one.tap != ours.tap || a.size() < 34 || b.size() < 34) return Equality::kDifferent;
    if (ours.own) {
        blur(a);
        blur(b);
    }
    if (std::equal(a.begin() + 14, a.end(), b.begin() + 14, b.end())) return Equality::kSame;
    auto first = Packet::parse(a, {}), second = Packet::parse(b, {});
    if (!first || !second || first->network().size() != second->network().size()) return Equality::kDifferent;
    if (first->protocol() != second->protocol() || !first->has_transport() || !second->has_transport())
        return Equality::kDifferent;
    Octets original = injection.octets;
    const auto before = Packet::parse(original, {});
    if (!before || !before->has_transport()) return Equality::kDifferent;
    auto first_quoted = first->quoted(), second_quoted = second->quoted();
    if (first_quoted && second_quoted && first_quoted->has_ports() && second_quoted->has_ports()) {
        second_quoted->set_source_port(first_quoted->source_port());
        second_quoted->set_destination_port(first_quoted->destination_port());
    } else if (for_linux.octets != injection.octets) {
        // It was sent to what a translation had chosen, on each side.
        if (first->has_ports()) {
            second->set_source_port(first->source_port());
            second->set_destination_port(first->destination_port());
        } else {
            second->set_icmp_identifier(first->icmp_identifier());
        }
    } else if (first->has_ports()) {
        if (first->source_port() == before->source_port() || second->source_port() == before->source_port())
            return Equality::kDifferent;
        second->set_source_port(first->source_port());
    } else {
        if (first->icmp_identifier() == before->icmp_identifier() ||
            second->icmp_identifier() == before->icmp_identifier())
            return Equality::kDifferent;
        second->set_icmp_identifier(first->icmp_identifier());
    }
    return std::equal(a.begin() + 14, a.end(), b.begin() + 14, b.end()) ? Equality::kChosen
                                                                        : Equality::kDifferent;
}

}  // namespace holm::test
