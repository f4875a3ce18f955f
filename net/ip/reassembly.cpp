#include "net/ip/reassembly.h"

#include <algorithm>
#include <new>

namespace holm::net::ip {

namespace {

// In front of the payload there is room for the longest header, which is put right before it.
constexpr std::size_t kPayloadStart = 60;

}  // namespace

Reassembler::Slot* Reassembler::find(const wire::Ipv4Header& header) {
    for (Slot& slot : slots_) {
        if (slot.memory && slot.identification == header.identification && slot.protocol == header.protocol &&
            slot.source == header.source && slot.destination == header.destination)
            return &slot;
    }
    return nullptr;
}

Reassembler::Slot* Reassembler::claim(Instant now, const wire::Ipv4Header& header) {
    Slot* chosen = &slots_[0];
    for (Slot& slot : slots_) {
        if (!slot.memory) {
            chosen = &slot;
            break;
        }
        if (slot.deadline < chosen->deadline) chosen = &slot;
    }
    if (chosen->memory) drop(*chosen, Drop::kReassemblyFull);
    *chosen = Slot{};
    chosen->memory.reset(new (std::nothrow) std::byte[kPayloadStart + 65'535]);
    if (!chosen->memory) {
        counters_.count(Drop::kReassemblyFull);
        return nullptr;
    }
    chosen->source = header.source;
    chosen->destination = header.destination;
    chosen->identification = header.identification;
    chosen->protocol = header.protocol;
    chosen->deadline = now + kTimeout;
    update_deadline();
    return chosen;
}

Reassembler::Insertion Reassembler::insert(Slot& slot, Run run) {
    std::size_t at = 0;  // the first run that ends at or behind the new one's beginning
    while (at < slot.run_count && slot.runs[at].end < run.begin) ++at;
    const bool has_next = at < slot.run_count;
    if (has_next && slot.runs[at].begin <= run.begin && slot.runs[at].end >= run.end)
        return Insertion::kKnown;

    const bool joins_left = has_next && slot.runs[at].end == run.begin;
    const std::size_t right = joins_left ? at + 1 : at;
    if (right < slot.run_count && slot.runs[right].begin < run.end) return Insertion::kRefused;  // overlap
    const bool joins_right = right < slot.run_count && slot.runs[right].begin == run.end;
    if (joins_left) {
        slot.runs[at].end = run.end;
        if (!joins_right) return Insertion::kAdded;
        slot.runs[at].end = slot.runs[right].end;
        std::copy(slot.runs.begin() + std::ptrdiff_t(right) + 1,
                  slot.runs.begin() + std::ptrdiff_t(slot.run_count),
                  slot.runs.begin() + std::ptrdiff_t(right));
        --slot.run_count;
        return Insertion::kAdded;
    }
    if (joins_right) {
        slot.runs[right].begin = run.begin;
        return Insertion::kAdded;
    }
    if (slot.run_count == kRuns) return Insertion::kRefused;
    std::copy_backward(slot.runs.begin() + std::ptrdiff_t(at),
                       slot.runs.begin() + std::ptrdiff_t(slot.run_count),
                       slot.runs.begin() + std::ptrdiff_t(slot.run_count) + 1);
    slot.runs[at] = run;
    ++slot.run_count;
    return Insertion::kAdded;
}

Reassembler::Datagram Reassembler::take(Slot& slot, std::uint32_t payload) {
    Datagram datagram;
    datagram.header_length = slot.header_length;
    datagram.bytes =
        Bytes(slot.memory.get() + kPayloadStart - slot.header_length, slot.header_length + payload);
    datagram.memory = std::move(slot.memory);
    update_deadline();
    return datagram;
}

void Reassembler::drop(Slot& slot, Drop reason) {
    counters_.count(reason);
    slot.memory.reset();
    update_deadline();
}

std::optional<Reassembler::Datagram> Reassembler::add(Instant now, const wire::Ipv4Header& header,
                                                      Bytes packet) {
    const Bytes payload = packet.subspan(header.header_length);
    const Run run{header.fragment_offset, header.fragment_offset + std::uint32_t(payload.size())};
    Slot* slot = find(header);
    if (!slot) slot = claim(now, header);
    if (!slot) return std::nullopt;

    // All fragments must agree on where the datagram ends.
    const bool last = !header.more_fragments;
    const bool beyond = slot->total != 0 && (run.end > slot->total || (last && run.end != slot->total));
    const bool cuts = last && slot->run_count > 0 && slot->runs[slot->run_count - 1].end > run.end;
    if (beyond || cuts || run.begin == run.end) {
        drop(*slot, Drop::kOverlap);
        return std::nullopt;
    }
    switch (insert(*slot, run)) {
        case Insertion::kKnown:
            return std::nullopt;
        case Insertion::kRefused:
            drop(*slot, Drop::kOverlap);
            return std::nullopt;
        case Insertion::kAdded:
            break;
    }
    if (last) slot->total = run.end;
    std::copy(payload.begin(), payload.end(), slot->memory.get() + kPayloadStart + run.begin);
    if (run.begin == 0) {
        slot->header_length = header.header_length;
        const Bytes first = packet.first(header.header_length);
        std::copy(first.begin(), first.end(), slot->memory.get() + kPayloadStart - first.size());
    }
    if (slot->total == 0 || slot->run_count != 1 || slot->runs[0].begin != 0) return std::nullopt;
    return take(*slot, slot->total);
}

std::optional<Reassembler::Datagram> Reassembler::expire(Instant now) {
    if (now < deadline_) return std::nullopt;
    for (Slot& slot : slots_) {
        if (!slot.memory || slot.deadline > now) continue;
        counters_.count(Drop::kReassemblyTimeout);
        if (slot.header_length != 0) return take(slot, slot.runs[0].end);
        slot.memory.reset();
    }
    update_deadline();
    return std::nullopt;
}

void Reassembler::update_deadline() {
    deadline_ = Instant::never();
    for (const Slot& slot : slots_)
        if (slot.memory) deadline_ = std::min(deadline_, slot.deadline);
}

}  // namespace holm::net::ip
