#include "net/ip/reassembly.h"

#include <algorithm>
#include <new>

namespace holm::net::ip {

namespace {

// In front of the payload there is room for the longest header, which is put right before it.
constexpr std::size_t kPayloadStart = 60;
constexpr std::size_t kLongestPayload = 65'535;

// By IPv6 a host has a network of 64 bits to itself to send from.
bool same_sender(const IpAddress& a, const IpAddress& b) {
    if (a.is_v4() || b.is_v4()) return a == b;
    return std::equal(a.bytes().begin(), a.bytes().begin() + 8, b.bytes().begin());
}

}  // namespace

Reassembler::Slot* Reassembler::find(const Fragment& fragment) {
    for (Slot& slot : slots_) {
        if (slot.used && slot.identification == fragment.identification &&
            slot.protocol == fragment.protocol && slot.source == fragment.source &&
            slot.destination == fragment.destination)
            return &slot;
    }
    return nullptr;
}

Reassembler::Slot& Reassembler::place() {
    Slot* chosen = nullptr;
    std::ptrdiff_t most = 0;
    for (Slot& slot : slots_) {
        if (!slot.used) return slot;
        const auto held = std::ranges::count_if(
            slots_, [&](const Slot& other) { return same_sender(other.source, slot.source); });
        if (held < most || (held == most && slot.deadline >= chosen->deadline)) continue;
        chosen = &slot;
        most = held;
    }
    return *chosen;
}

Reassembler::Slot* Reassembler::claim(Instant now, const Fragment& fragment) {
    Slot* const chosen = &place();
    if (chosen->memory) counters_.count(Drop::kReassemblyFull);
    *chosen = Slot{};
    chosen->memory.reset(new (std::nothrow) std::byte[kPayloadStart + kLongestPayload]);
    if (!chosen->memory) {
        counters_.count(Drop::kReassemblyFull);
        return nullptr;
    }
    chosen->used = true;
    chosen->source = fragment.source;
    chosen->destination = fragment.destination;
    chosen->identification = fragment.identification;
    chosen->protocol = fragment.protocol;
    chosen->deadline = now + kTimeout;
    update_deadline();
    return chosen;
}

Reassembler::Insertion Reassembler::insert(Slot& slot, Run run, Bytes payload) {
    std::size_t at = 0;  // the first run that ends at or behind the new one's beginning
    while (at < slot.run_count && slot.runs[at].end < run.begin) ++at;
    const bool has_next = at < slot.run_count;
    if (has_next && slot.runs[at].begin <= run.begin && slot.runs[at].end >= run.end)
        return std::equal(payload.begin(), payload.end(), slot.memory.get() + kPayloadStart + run.begin)
                   ? Insertion::kKnown
                   : Insertion::kRefused;

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
    datagram.longest = slot.longest;
    datagram.source = slot.source;
    datagram.destination = slot.destination;
    datagram.bytes =
        MutableBytes(slot.memory.get() + kPayloadStart - slot.header_length, slot.header_length + payload);
    datagram.memory = std::move(slot.memory);
    slot.used = false;
    update_deadline();
    return datagram;
}

void Reassembler::spoil(Slot& slot, Drop reason) {
    counters_.count(reason);
    slot.memory.reset();
}

std::optional<Reassembler::Datagram> Reassembler::add(Instant now, const wire::Ipv4Header& header,
                                                      Bytes packet) {
    return add(now, Fragment{header.source, header.destination, header.identification, header.protocol,
                             header.fragment_offset, header.more_fragments,
                             packet.first(header.header_length), packet.subspan(header.header_length)});
}

std::optional<Reassembler::Datagram> Reassembler::add(Instant now, const Fragment& fragment) {
    const Bytes payload = fragment.payload;
    const Run run{fragment.offset, fragment.offset + std::uint32_t(payload.size())};
    if (run.end > kLongestPayload) {
        counters_.count(Drop::kBadLength);
        return std::nullopt;
    }
    Slot* slot = find(fragment);
    if (!slot) slot = claim(now, fragment);
    if (!slot) return std::nullopt;
    if (!slot->memory) {
        counters_.count(Drop::kOverlap);
        return std::nullopt;
    }

    // All fragments must agree on where the datagram ends.
    const bool last = !fragment.more;
    const bool beyond = slot->total != 0 && (run.end > slot->total || (last && run.end != slot->total));
    const bool cuts = last && slot->run_count > 0 && slot->runs[slot->run_count - 1].end > run.end;
    if (beyond || cuts || run.begin == run.end) {
        spoil(*slot, Drop::kOverlap);
        return std::nullopt;
    }
    switch (insert(*slot, run, payload)) {
        case Insertion::kKnown:
            return std::nullopt;
        case Insertion::kRefused:
            spoil(*slot, Drop::kOverlap);
            return std::nullopt;
        case Insertion::kAdded:
            break;
    }
    if (last) slot->total = run.end;
    slot->longest = std::max(slot->longest, std::uint32_t(fragment.header.size() + payload.size()));
    std::copy(payload.begin(), payload.end(), slot->memory.get() + kPayloadStart + run.begin);
    if (run.begin == 0) {
        slot->header_length = std::uint16_t(fragment.header.size());
        std::copy(fragment.header.begin(), fragment.header.end(),
                  slot->memory.get() + kPayloadStart - fragment.header.size());
    }
    if (slot->total == 0 || slot->run_count != 1 || slot->runs[0].begin != 0) return std::nullopt;
    return take(*slot, slot->total);
}

std::optional<Reassembler::Datagram> Reassembler::expire(Instant now) {
    if (now < deadline_) return std::nullopt;
    for (Slot& slot : slots_) {
        if (!slot.used || slot.deadline > now) continue;
        slot.used = false;
        if (!slot.memory) continue;
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
        if (slot.used) deadline_ = std::min(deadline_, slot.deadline);
}

}  // namespace holm::net::ip
