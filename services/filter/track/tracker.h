#pragma once

// Connection tracking: each packet is given its flow, or why it has none, as a note. The flow of a first
// packet is kept apart until the packet has passed every rule (confirm()): what is dropped leaves nothing
// behind.

#include <memory>

#include "services/filter/track/flow_table.h"
#include "services/packet/packet.h"

namespace holm::filter {

struct TrackerConfiguration {
    std::uint32_t flows = 65'536;
    // Pass segments outside of the windows as part of their connections (nf_conntrack_tcp_be_liberal).
    bool liberal = false;
    // Take connections up in the middle, as after a restart (nf_conntrack_tcp_loose).
    bool pick_up = true;
    // Check transport checksums of what comes in (nf_conntrack_checksum).
    bool verify_checksums = true;
    SipHashKey key;  // unpredictable
};

class Tracker {
  public:
    explicit Tracker(const TrackerConfiguration& configuration);

    // Notes the flow and state (kState…) on the packet. `incoming`: its checksums are checked.
    void track(Instant now, packet::Packet& packet, bool incoming);
    void leave_alone(packet::Packet& packet) { packet.note.state = std::uint8_t(kStateUntracked); }
    // The flow that is noted on a packet; null if there is none (any more).
    Flow* flow_of(const packet::Packet& packet) {
        const std::uint32_t flow = packet.note.flow;
        if (flow < flows_.capacity()) {
            Flow& found = flows_.at(flow);
            return found.in_use ? &found : nullptr;
        }
        if (flow == packet::FlowNote::kNone || (flow & kCandidate) == 0) return nullptr;
        return (flow & ~kCandidate) == generation_ && candidate_.in_use ? &candidate_ : nullptr;
    }
    bool is_candidate(const Flow& flow) const { return &flow == &candidate_; }
    // What the packet belongs to has been reset in the name of its receiver: the flow, if it is known
    // already, has the time left that one has behind a reset.
    void reset(Instant now, const packet::Packet& packet);
    // The packet goes its way: its flow is known from now on. False: it cannot be, so the packet is dropped.
    bool confirm(Instant now, packet::Packet& packet);

    void sweep(Instant now) { flows_.sweep(now); }
    FlowTable& flows() { return flows_; }
    const FlowTable& flows() const { return flows_; }
    std::uint64_t invalid() const { return invalid_; }

  private:
    static constexpr std::uint32_t kCandidate = 0x8000'0000;

    bool valid(const packet::Packet& packet, bool incoming) const;
    bool track_error(Instant now, packet::Packet& packet);
    void begin(Instant now, packet::Packet& packet, const Tuple& tuple, const TcpSegment* segment);
    void continue_flow(Instant now, packet::Packet& packet, Flow& flow, bool reply,
                       const TcpSegment* segment);
    void note(packet::Packet& packet, std::uint32_t flow, std::uint32_t state, bool reply);
    void mark_invalid(packet::Packet& packet);

    TrackerConfiguration configuration_;
    FlowTable flows_;
    Flow candidate_;
    std::uint32_t generation_ = 0;
    std::uint64_t invalid_ = 0;
};

}  // namespace holm::filter
