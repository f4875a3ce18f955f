#include "services/filter/track/flow_table.h"

#include <algorithm>
#include <bit>
#include <new>

namespace holm::filter {

FlowTable::FlowTable(std::uint32_t capacity, const SipHashKey& key)
    : key_(key),
      capacity_(capacity),
      mask_(std::bit_ceil(capacity * 2) - 1),
      flows_(static_cast<Flow*>(::operator new(sizeof(Flow) * capacity))),
      buckets_(std::make_unique_for_overwrite<std::uint32_t[]>(std::size_t{mask_} + 1)),
      sources_(std::make_unique_for_overwrite<std::uint32_t[]>(std::size_t{mask_} + 1)) {
    std::fill_n(buckets_.get(), std::size_t{mask_} + 1, Flow::kNone);
    std::fill_n(sources_.get(), std::size_t{mask_} + 1, Flow::kNone);
}

FlowTable::~FlowTable() {
    ::operator delete(flows_);  // flows hold nothing
}

std::size_t FlowTable::bytes() const {
    return sizeof(Flow) * capacity_ + (std::size_t{mask_} + 1) * 2 * sizeof(std::uint32_t);
}

Flow* FlowTable::find(const Tuple& tuple, Instant now, bool& reply) {
    for (std::uint32_t link = buckets_[bucket(tuple)]; link != Flow::kNone;) {
        Flow& flow = flows_[link >> 1U];
        const std::size_t direction = link & 1U;
        link = flow.next[direction];
        if (!(flow.tuples[direction] == tuple)) continue;
        if (flow.expires <= now) {
            ++counters_.expired;
            remove(flow);
            return nullptr;
        }
        reply = direction == 1;
        return &flow;
    }
    return nullptr;
}

bool FlowTable::contains(const Tuple& tuple, Instant now) {
    bool reply = false;
    return find(tuple, now, reply) != nullptr;
}

const Flow* FlowTable::find_translated(const Tuple& tuple, Instant now) {
    std::uint32_t next = sources_[source_bucket(tuple)];
    for (std::uint32_t steps = 0; next != Flow::kNone && steps < kSourceWalk; ++steps) {
        Flow& flow = flows_[next];
        next = flow.next_of_source;
        if (!flow.tuples[0].same_source(tuple)) continue;
        if (flow.expires > now) return &flow;
        ++counters_.expired;
        remove(flow);
    }
    return nullptr;
}

Flow* FlowTable::reserve(Instant now) {
    if (free_ != Flow::kNone) {
        const std::uint32_t at = free_;
        free_ = flows_[at].position;
        return new (&flows_[at]) Flow;
    }
    if (fresh_ < capacity_) return new (&flows_[fresh_++]) Flow;
    // Full: one that has expired gives way, or one whose other side has never been heard for sure, or one
    // that both sides are done with.
    Flow* victim = nullptr;
    Flow* closing = nullptr;
    for (std::uint32_t i = 0; i < std::min(kEviction, capacity_); ++i) {
        if (cursor_ >= capacity_) cursor_ = 0;
        Flow& flow = flows_[cursor_++];
        if (flow.expires <= now) {
            ++counters_.expired;
            remove(flow);
            return reserve(now);
        }
        if (victim == nullptr && (flow.status & kStatusAssured) == 0) victim = &flow;
        if (closing == nullptr && flow.tcp.is_closing()) closing = &flow;
    }
    if (victim == nullptr) victim = closing;
    if (victim == nullptr) return nullptr;
    ++counters_.evicted;
    remove(*victim);
    return reserve(now);
}

Flow* FlowTable::insert(const Flow& flow, Instant now) {
    if (contains(flow.tuples[0], now) || contains(flow.tuples[1], now)) {
        ++counters_.clashes;
        return nullptr;
    }
    Flow* place = reserve(now);
    if (place == nullptr) {
        ++counters_.full;
        return nullptr;
    }
    const auto position = std::uint32_t(place - flows_);
    *place = flow;
    place->in_use = true;
    place->position = position;
    for (std::size_t direction = 0; direction < 2; ++direction) {
        std::uint32_t& head = buckets_[bucket(place->tuples[direction])];
        place->next[direction] = head;
        head = position << 1U | std::uint32_t(direction);
    }
    if ((place->status & kStatusSnat) != 0) {
        std::uint32_t& head = sources_[source_bucket(place->tuples[0])];
        place->next_of_source = head;
        place->previous_of_source = Flow::kNone;
        if (head != Flow::kNone) flows_[head].previous_of_source = position;
        head = position;
    }
    if (count_++ == 0) next_sweep_ = now + kSweepInterval;
    ++counters_.created;
    return place;
}

void FlowTable::unlink(Flow& flow, std::size_t direction) {
    const std::uint32_t wanted = flow.position << 1U | std::uint32_t(direction);
    std::uint32_t* link = &buckets_[bucket(flow.tuples[direction])];
    while (*link != wanted) link = &flows_[*link >> 1U].next[*link & 1U];
    *link = flow.next[direction];
}

void FlowTable::remove(Flow& flow) {
    unlink(flow, 0);
    unlink(flow, 1);
    // One source may have all flows there are: they are not walked for each that goes.
    if ((flow.status & kStatusSnat) != 0) {
        if (flow.previous_of_source == Flow::kNone)
            sources_[source_bucket(flow.tuples[0])] = flow.next_of_source;
        else
            flows_[flow.previous_of_source].next_of_source = flow.next_of_source;
        if (flow.next_of_source != Flow::kNone)
            flows_[flow.next_of_source].previous_of_source = flow.previous_of_source;
    }
    const std::uint32_t position = flow.position;
    flow.in_use = false;
    flow.position = free_;
    free_ = position;
    --count_;
}

void FlowTable::sweep(Instant now) {
    if (now < next_sweep_) return;
    next_sweep_ = now + kSweepInterval;
    // All of them within a minute.
    const std::uint32_t portion = std::min(fresh_, std::max(kSweep, fresh_ / 60));
    for (std::uint32_t i = 0; i < portion; ++i) {
        if (cursor_ >= fresh_) cursor_ = 0;
        Flow& flow = flows_[cursor_++];
        if (!flow.in_use || flow.expires > now) continue;
        ++counters_.expired;
        remove(flow);
    }
}

}  // namespace holm::filter
