#include "services/filter/track/tracker.h"

#include <algorithm>

namespace holm::filter {

namespace {

// As Linux has them (nf_conntrack sysctls).
constexpr Duration kUdpTimeout = Duration::seconds(30);
constexpr Duration kUdpStreamTimeout = Duration::seconds(120);
constexpr Duration kUdpStreamAfter = Duration::seconds(2);
constexpr Duration kIcmpTimeout = Duration::seconds(30);
constexpr Duration kGenericTimeout = Duration::seconds(600);

bool is_error(const packet::Packet& packet) {
    if (packet.protocol() == packet::kIcmpv6) return packet.icmp_type() < 128;
    switch (packet.icmp_type()) {
        case 3:   // destination unreachable
        case 4:   // source quench
        case 5:   // redirect
        case 11:  // time exceeded
        case 12:  // parameter problem
            return true;
        default:
            return false;
    }
}

// Neighbours, routers and groups of the link: nothing that a flow is made of.
bool is_link_control(std::uint8_t type) {
    return (type >= 130 && type <= 136) || type == 143;
}

bool is_question(const packet::Packet& packet) {
    const std::uint8_t type = packet.icmp_type();
    if (packet.protocol() == packet::kIcmpv6) return type == 128 || type == 139;
    return type == 8 || type == 13 || type == 15 || type == 17;
}

}  // namespace

Tracker::Tracker(const TrackerConfiguration& configuration)
    : configuration_(configuration), flows_(configuration.flows, configuration.key) {}

void Tracker::note(packet::Packet& packet, std::uint32_t flow, std::uint32_t state, bool reply) {
    packet.note = {flow, std::uint8_t(state), reply};
}

void Tracker::mark_invalid(packet::Packet& packet) {
    ++invalid_;
    note(packet, packet::FlowNote::kNone, kStateInvalid, false);
}

bool Tracker::valid(const packet::Packet& packet, bool incoming) const {
    const std::uint8_t protocol = packet.protocol();
    if (protocol == packet::kUdp) {
        const Bytes bytes = packet.transport();
        if (bytes.size() < 8) return false;
        const std::size_t length = std::size_t(bytes[4]) << 8U | std::size_t(bytes[5]);
        if (length < 8 || length > bytes.size()) return false;
        if (bytes[6] == std::byte{0} && bytes[7] == std::byte{0}) return true;
    } else if (protocol == packet::kIcmp || protocol == packet::kIcmpv6) {
        if (!packet.has_transport()) return false;
        if (protocol == packet::kIcmp && packet.icmp_type() > 18) return false;
    } else if (protocol != packet::kTcp) {
        return true;
    }
    return !incoming || !configuration_.verify_checksums || packet.transport_checksum_ok();
}

// An ICMP error is about a flow in whose answering direction it travels.
bool Tracker::track_error(Instant now, packet::Packet& packet) {
    auto quoted = packet.quoted();
    if (!quoted) return false;
    const auto about = tuple_of(*quoted);
    if (!about) return false;
    const auto back = inverse(*about);
    if (!back) return false;
    bool reply = false;
    const Flow* flow = flows_.find(*back, now, reply);
    if (flow == nullptr) return false;
    // It goes to who has sent what it is about, or somebody makes things up.
    if (packet.destination() != flow->tuples[reply ? 1 : 0].address(false)) return false;
    note(packet, flow->position, kStateRelated, reply);
    return true;
}

void Tracker::begin(Instant now, packet::Packet& packet, const Tuple& tuple, const TcpSegment* segment) {
    const auto back = inverse(tuple);
    if (!back) return mark_invalid(packet);
    candidate_ = Flow{};
    if (segment != nullptr) {
        if (!candidate_.tcp.open(*segment) || (!configuration_.pick_up && !segment->syn()))
            return mark_invalid(packet);
    } else if (tuple.is_icmp() && !is_question(packet)) {
        return mark_invalid(packet);
    }
    candidate_.tuples = {tuple, *back};
    candidate_.in_use = true;
    generation_ = (generation_ + 1) & ~kCandidate;
    if (generation_ == (packet::FlowNote::kNone & ~kCandidate)) generation_ = 0;
    // The first packet is also one of the flow's.
    continue_flow(now, packet, candidate_, false, segment);
}

void Tracker::continue_flow(Instant now, packet::Packet& packet, Flow& flow, bool reply,
                            const TcpSegment* segment) {
    const bool seen_reply = (flow.status & kStatusSeenReply) != 0;
    const bool fresh = is_candidate(flow);
    Duration timeout = kGenericTimeout;
    bool ends = false, refresh = true;
    if (segment != nullptr) {
        switch (flow.tcp.receive(*segment, reply, seen_reply, (flow.status & kStatusAssured) != 0,
                                 configuration_.liberal)) {
            case TcpTracker::Answer::kValid:
                if (flow.tcp.becomes_assured()) flow.status |= kStatusAssured;
                break;
            case TcpTracker::Answer::kIgnored:
                refresh = false;
                break;
            case TcpTracker::Answer::kClosed:
                ends = true;
                break;
            case TcpTracker::Answer::kReopened: {
                const Tuple tuple = flow.tuples[reply ? 1 : 0];
                flows_.remove(flow);
                begin(now, packet, tuple, segment);
                return;
            }
            case TcpTracker::Answer::kInvalidEnd:
                flow.expires = std::min(flow.expires, now + Duration::minutes(5));
                return mark_invalid(packet);
            case TcpTracker::Answer::kInvalid:
                if (fresh) candidate_.in_use = false;
                return mark_invalid(packet);
        }
        timeout = flow.tcp.timeout();
        refresh = refresh && timeout > Duration{};
    } else if (packet.protocol() == packet::kUdp) {
        timeout = kUdpTimeout;
        if (!seen_reply && !reply && fresh) flow.stream_from = now + kUdpStreamAfter;
        // An exchange that goes on is a stream.
        if (seen_reply && now > flow.stream_from) {
            timeout = kUdpStreamTimeout;
            flow.status |= kStatusAssured;
        }
    } else if (flow.tuples[0].is_icmp()) {
        if (fresh && !is_question(packet)) return mark_invalid(packet);
        timeout = kIcmpTimeout;
    }
    if (refresh) flow.expires = now + timeout;
    const std::uint32_t position = fresh ? kCandidate | generation_ : flow.position;
    note(packet, position, reply || seen_reply ? kStateEstablished : kStateNew, reply);
    if (reply) flow.status |= kStatusSeenReply;
    // The flow is over, but this packet still needs its translation: the next one will not find it.
    if (ends) flow.expires = now;
}

void Tracker::track(Instant now, packet::Packet& packet, bool incoming) {
    candidate_.in_use = false;
    if (!valid(packet, incoming)) return mark_invalid(packet);
    const std::uint8_t protocol = packet.protocol();
    if (protocol == packet::kIcmp || protocol == packet::kIcmpv6) {
        if (protocol == packet::kIcmpv6 && is_link_control(packet.icmp_type())) return leave_alone(packet);
        if (is_error(packet)) {
            if (!track_error(now, packet)) mark_invalid(packet);
            return;
        }
    }
    std::optional<TcpSegment> segment;
    if (protocol == packet::kTcp) {
        segment = TcpSegment::parse(packet);
        if (!segment) return mark_invalid(packet);
    }
    const auto tuple = tuple_of(packet);
    if (!tuple) return mark_invalid(packet);
    bool reply = false;
    Flow* flow = flows_.find(*tuple, now, reply);
    const TcpSegment* parsed = segment ? &*segment : nullptr;
    if (flow == nullptr)
        begin(now, packet, *tuple, parsed);
    else
        continue_flow(now, packet, *flow, reply, parsed);
}

void Tracker::reset(Instant now, const packet::Packet& packet) {
    Flow* flow = flow_of(packet);
    if (flow == nullptr || is_candidate(*flow) || flow->tuples[0].protocol != packet::kTcp) return;
    if (const auto timeout = flow->tcp.reset()) flow->expires = now + *timeout;
}

bool Tracker::confirm(Instant now, packet::Packet& packet) {
    Flow* flow = flow_of(packet);
    if (flow == nullptr || !is_candidate(*flow) || packet.note.state == kStateRelated) return true;
    flow->status |= kStatusConfirmed;
    const Flow* known = flows_.insert(*flow, now);
    candidate_.in_use = false;
    if (known == nullptr) return false;
    packet.note.flow = known->position;
    return true;
}

}  // namespace holm::filter
