#pragma once

// The flows that are known: a pool of a fixed number, found by either direction's tuple. Everything is
// reserved at the start and touched when it is used; what has expired is removed when it is met, and by a
// sweep.

#include <memory>

#include "base/instant.h"
#include "services/filter/table/layout.h"
#include "services/filter/track/tcp_state.h"
#include "services/filter/track/tuple.h"

namespace holm::filter {

struct Flow {
    static constexpr std::uint32_t kNone = ~0u;

    std::array<Tuple, 2> tuples;  // as the first packet came; as answers come
    Instant expires;
    Instant stream_from;  // UDP: from when on an exchange is more than a question and an answer
    std::uint32_t mark = 0;
    std::uint32_t status = 0;  // kStatus…
    bool source_done = false;  // translations have been decided on
    bool destination_done = false;
    bool in_use = false;
    TcpTracker tcp;
    std::array<std::uint32_t, 2> next{kNone, kNone};  // in the bucket of each tuple
    std::uint32_t next_of_source = kNone;             // among those whose source is translated
    std::uint32_t previous_of_source = kNone;
    std::uint32_t position = kNone;  // its own index
};

class FlowTable {
  public:
    struct Counters {
        std::uint64_t created = 0;
        std::uint64_t expired = 0;
        std::uint64_t evicted = 0;  // an unassured or closing flow gave way to a new one
        std::uint64_t full = 0;     // none could: the packet was dropped
        std::uint64_t clashes = 0;  // two flows would have had the same answers: the packet was dropped
    };

    // Precondition: 0 < capacity < 2^24.
    FlowTable(std::uint32_t capacity, const SipHashKey& key);
    ~FlowTable();
    FlowTable(const FlowTable&) = delete;
    FlowTable& operator=(const FlowTable&) = delete;

    // The flow that a packet with this tuple belongs to, or null; `reply` says in which direction.
    Flow* find(const Tuple& tuple, Instant now, bool& reply);
    bool contains(const Tuple& tuple, Instant now);
    // A flow whose first packet had the same source, and whose source is translated; null if there is none
    // among the latest.
    const Flow* find_translated(const Tuple& tuple, Instant now);
    // Takes the flow in; null if there is no room or one of its tuples is taken.
    Flow* insert(const Flow& flow, Instant now);
    void remove(Flow& flow);
    Flow& at(std::uint32_t position) { return flows_[position]; }

    void sweep(Instant now);
    Instant next_sweep() const { return count_ == 0 ? Instant::never() : next_sweep_; }

    std::uint32_t count() const { return count_; }
    std::uint32_t capacity() const { return capacity_; }
    std::size_t bytes() const;
    const Counters& counters() const { return counters_; }

  private:
    static constexpr Duration kSweepInterval = Duration::seconds(1);
    static constexpr std::uint32_t kSweep = 1024;   // flows looked at in one sweep, at least
    static constexpr std::uint32_t kEviction = 64;  // flows looked at for one to give way
    // Flows of one source looked at: all that it has may have expired since the last sweep.
    static constexpr std::uint32_t kSourceWalk = 64;

    std::uint32_t bucket(const Tuple& tuple) const { return std::uint32_t(tuple.hash(key_)) & mask_; }
    std::uint32_t source_bucket(const Tuple& tuple) const {
        return std::uint32_t(tuple.source_hash(key_)) & mask_;
    }
    Flow* reserve(Instant now);
    void unlink(Flow& flow, std::size_t direction);

    SipHashKey key_;
    std::uint32_t capacity_;
    std::uint32_t mask_;
    Flow* flows_;
    // Links are an index shifted left, with the direction in bit 0. kNone: the end.
    std::unique_ptr<std::uint32_t[]> buckets_;
    std::unique_ptr<std::uint32_t[]> sources_;
    std::uint32_t fresh_ = 0;           // flows from here on were never used
    std::uint32_t free_ = Flow::kNone;  // a list by `position`
    std::uint32_t count_ = 0;
    std::uint32_t cursor_ = 0;
    Instant next_sweep_;
    Counters counters_;
};

}  // namespace holm::filter
