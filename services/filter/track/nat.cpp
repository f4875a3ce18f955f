#include "services/filter/track/nat.h"

#include <algorithm>

namespace holm::filter {

namespace {

// How many ports are tried: all of a small range, a sample of a large one.
constexpr std::uint32_t kTries = 512;

std::uint16_t& port_of(Tuple& tuple, NatSide side) {
    // An ICMP question has one identifier, which is the side's that asks.
    return side == NatSide::kSource || tuple.is_icmp() ? tuple.source_port : tuple.destination_port;
}

std::uint16_t port_of(const Tuple& tuple, NatSide side) {
    return port_of(const_cast<Tuple&>(tuple), side);
}

}  // namespace

bool Nat::is_free(Instant now, const Tuple& tuple) {
    const auto answers = inverse(tuple);
    return answers && !tracker_.flows().contains(*answers, now);
}

bool Nat::fits(const Tuple& tuple, NatSide side, const NatTarget& target) const {
    if (target.has_address) {
        const net::IpAddress address = tuple.address(side == NatSide::kSource);
        if (address < target.low || target.high < address) return false;
    }
    if (!target.has_port || !(tuple.has_ports() || tuple.is_icmp())) return true;
    const std::uint16_t port = port_of(tuple, side);
    return port >= target.port_low && port <= target.port_high;
}

// One address of the range for each source (RFC 4787, REQ-2: paired).
void Nat::choose_address(Tuple& tuple, NatSide side, const NatTarget& target) const {
    if (!target.has_address) return;
    net::IpAddress address = target.low;
    if (!(target.low == target.high)) {
        Tuple client;
        client.source = tuple.source;
        client.family = tuple.family;
        if (!target.persistent && side == NatSide::kDestination) client.destination = tuple.destination;
        const std::uint64_t hash = client.hash(key_);
        if (tuple.family == 4) {
            const std::uint64_t count = std::uint64_t{target.high.to_v4()} - target.low.to_v4() + 1;
            address = net::IpAddress::v4(std::uint32_t(target.low.to_v4() + hash % count));
        } else {
            // The last four bytes of a range are enough to spread over.
            auto bytes = target.low.bytes();
            const auto number = [](const net::IpAddress& of) {
                const auto& b = of.bytes();
                return std::uint32_t{b[12]} << 24 | std::uint32_t{b[13]} << 16 | std::uint32_t{b[14]} << 8 |
                       b[15];
            };
            const bool same = std::equal(bytes.begin(), bytes.begin() + 12, target.high.bytes().begin());
            const std::uint64_t count =
                same ? std::uint64_t{number(target.high)} - number(target.low) + 1 : 1;
            const auto chosen = std::uint32_t(number(target.low) + hash % count);
            for (std::size_t i = 0; i < 4; ++i) bytes[12 + i] = std::uint8_t(chosen >> (24 - 8 * i));
            address = net::IpAddress::v6(bytes);
        }
    }
    tuple.set_address(side == NatSide::kSource, address);
}

bool Nat::choose_port(Instant now, Tuple& tuple, NatSide side, const NatTarget& target) {
    // Nothing to choose from: should answers be ambiguous, the flow is not taken in, and the packet is
    // dropped.
    if (!tuple.has_ports() && !tuple.is_icmp()) return true;
    const bool given = target.has_port && !tuple.is_icmp();
    std::uint16_t& port = port_of(tuple, side);
    const std::uint16_t wanted = port;
    if (!target.random) {
        if (given && target.port_low == target.port_high) {
            port = target.port_low;
            if (side == NatSide::kDestination || is_free(now, tuple)) return true;
            return false;
        }
        if ((!given || (port >= target.port_low && port <= target.port_high)) && is_free(now, tuple))
            return true;
    }
    std::uint32_t low = target.port_low, high = target.port_high;
    if (!given) {
        // A destination's port means something: it is not made up. If answers cannot be told apart now, the
        // source's port will be changed.
        if (side == NatSide::kDestination) return true;
        // Ranges are kept (RFC 4787, REQ-3b): well-known ports stay such.
        low = tuple.is_icmp() ? 0 : wanted < 512 ? 1 : wanted < 1024 ? 600 : 1024;
        high = tuple.is_icmp() ? 65'535 : wanted < 512 ? 511 : wanted < 1024 ? 1023 : 65'535;
    }
    const std::uint32_t size = high - low + 1;
    Tuple anybody = tuple;
    port_of(anybody, side) = std::uint16_t(low);
    const std::uint64_t key = anybody.hash(key_);
    Place& place = places_[key % kPlaces];
    if (place.key == key && now < place.until) return false;
    const auto start = std::uint32_t(random_.below(size));
    // First those of the same parity (RFC 4787, REQ-4), then all.
    for (const bool parity : {true, false})
        for (std::uint32_t i = 0; i < std::min(size, kTries); ++i) {
            const auto candidate = std::uint16_t(low + (start + i) % size);
            if (parity && ((candidate ^ wanted) & 1) != 0) continue;
            port = candidate;
            if (is_free(now, tuple)) return true;
        }
    port = wanted;
    place = {key, now + kPause};
    return false;
}

bool Nat::decide(Instant now, Flow& flow, NatSide side, const NatTarget& target) {
    bool& done = side == NatSide::kSource ? flow.source_done : flow.destination_done;
    if (done) return true;
    done = true;
    // The flow as it leaves here, as far as has been decided.
    const auto current = inverse(flow.tuples[1]);
    if (!current) return true;
    Tuple wanted = *current;
    bool settled = false;
    if (side == NatSide::kSource && !target.random) {
        if (fits(wanted, side, target)) {
            settled = is_free(now, wanted);
        } else if (const Flow* other = tracker_.flows().find_translated(flow.tuples[0], now)) {
            const auto mapped = inverse(other->tuples[1]);
            Tuple same = wanted;
            same.source = mapped->source;
            same.source_port = mapped->source_port;
            if (fits(same, side, target) && is_free(now, same)) {
                wanted = same;
                settled = true;
            }
        }
    }
    if (!settled) {
        choose_address(wanted, side, target);
        if (!choose_port(now, wanted, side, target)) {
            ++counters_.exhausted;
            return false;
        }
    }
    if (wanted == *current) return true;
    const auto answers = inverse(wanted);
    if (!answers) return true;
    flow.tuples[1] = *answers;
    flow.status |= side == NatSide::kSource ? kStatusSnat : kStatusDnat;
    ++counters_.translated;
    return true;
}

namespace {

using End = packet::Packet::End;

// Gives one end of a packet an address and a port. `opposite`: the tuple of packets that travel the other
// way; `named`: the end of those that this one is to have.
void rewrite(packet::Packet& packet, const Tuple& opposite, End end, End named) {
    const bool from_source = named == End::kSource;
    const auto& address = from_source ? opposite.source : opposite.destination;
    std::optional<std::uint16_t> port;
    if (packet.has_ports())
        port = from_source ? opposite.source_port : opposite.destination_port;
    else if (packet.has_transport() && opposite.is_icmp() && packet.protocol() == opposite.protocol)
        port = opposite.source_port;
    packet.set_end(end, std::as_bytes(std::span(address)).first(packet.address_size()), port);
}

// Whether packets of this direction are rewritten on this side.
bool is_translated(const Flow& flow, bool reply, NatSide side) {
    const bool source = (side == NatSide::kSource) != reply;
    return (flow.status & (source ? kStatusSnat : kStatusDnat)) != 0;
}

}  // namespace

bool Nat::apply_to_error(packet::Packet& packet, const Flow& flow, NatSide side) {
    const bool reply = packet.note.reply;
    if (!is_translated(flow, reply, side)) return true;
    // A redirect names a router that the other side of a translation has not: it is not passed on.
    if (packet.protocol() == packet::kIcmp && packet.icmp_type() == 5) return false;
    auto quoted = packet.quoted();
    if (!quoted) return false;
    const Tuple& opposite = flow.tuples[reply ? 0 : 1];
    // What is quoted travels the other way: its other end is the one that was rewritten.
    const End other = side == NatSide::kSource ? End::kDestination : End::kSource;
    rewrite(*quoted, opposite, other, other);
    const auto outer = inverse(opposite);
    if (!outer) return false;
    const net::IpAddress address = outer->address(side == NatSide::kSource);
    if (side == NatSide::kSource)
        packet.set_source(address);
    else
        packet.set_destination(address);
    ++counters_.errors;
    return true;
}

bool Nat::apply(packet::Packet& packet, const Flow& flow, NatSide side) {
    const bool icmp = packet.protocol() == packet::kIcmp || packet.protocol() == packet::kIcmpv6;
    if (packet.note.state == kStateRelated && icmp) return apply_to_error(packet, flow, side);
    if (!is_translated(flow, packet.note.reply, side)) return true;
    // What goes out is the inverse of what comes back.
    const bool source = side == NatSide::kSource;
    rewrite(packet, flow.tuples[packet.note.reply ? 0 : 1], source ? End::kSource : End::kDestination,
            source ? End::kDestination : End::kSource);
    return true;
}

}  // namespace holm::filter
