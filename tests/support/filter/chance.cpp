#include "tests/support/filter/chance.h"

#include <optional>

namespace holm::test {

using packet::Packet;

namespace {

// ICMP identifiers are translated like ports.
std::optional<std::uint16_t> port_of(const Packet& packet) {
    if (packet.has_ports()) return packet.source_port();
    if (!packet.has_transport()) return std::nullopt;
    if (packet.protocol() == packet::kIcmp && packet.icmp_type() == 8) return packet.icmp_identifier();
    if (packet.protocol() == packet::kIcmpv6 && packet.icmp_type() == 128) return packet.icmp_identifier();
    return std::nullopt;
}

}  // namespace

void ChosenPorts::use(const Outside& outside, const std::pair<net::IpAddress, std::uint16_t>& sender,
                      bool chosen) {
    Users& users = users_[outside];
    users.senders.insert(sender);
    users.chosen = users.chosen || chosen;
    met_ = met_ || (users.chosen && users.senders.size() > 1);
}

void ChosenPorts::note(const Octets& in, const Octets& out) {
    Octets first = in, second = out;
    const auto before = Packet::parse(first, {}), after = Packet::parse(second, {});
    if (!before || !after || before->protocol() != after->protocol()) return;
    const auto wanted = port_of(*before), given = port_of(*after);
    if (!wanted || !given || before->source() == after->source()) return;
    const std::pair sender{before->source(), *wanted};
    use({after->protocol(), after->source(), *given}, sender, *given != *wanted);
    if (*given != *wanted) use({after->protocol(), after->source(), *wanted}, sender, false);
}

}  // namespace holm::test
