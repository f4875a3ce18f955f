#include "net/ip/reassembly.h"

#include <algorithm>
#include <bit>
#include <new>

namespace holm::net::ip {

namespace {

// In front of the payload there is room for the longest header, which is put right before it.
constexpr std::size_t kPayloadStart = 60;
constexpr std::size_t kLongestPayload = 65'535;
// Of a buffer: most datagrams that come in pieces are a few thousand bytes long.
constexpr std::size_t kLeastRoom = 4096;
constexpr std::size_t kMostRoom = kPayloadStart + kLongestPayload;

// By IPv6 a host has a network of 64 bits to itself to send from.
bool same_sender(const IpAddress& a, const IpAddress& b) {
    if (a.is_v4() || b.is_v4()) return a == b;
    return std::equal(a.bytes().begin(), a.bytes().begin() + 8, b.bytes().begin());
}

}  // namespace

Reassembler::Slot* Reassembler::find(const Fragment& fragment) {
    for (Slot& slot : slots()) {
        if (slot.used && slot.identification == fragment.identification &&
            slot.protocol == fragment.protocol && slot.source == fragment.source &&
            slot.destination == fragment.destination)
            return &slot;
    }
    return nullptr;
}

void Reassembler::free_memory(Slot& slot) {
    memory_ -= slot.room;
    slot.room = 0;
    slot.memory.reset();
}

void Reassembler::release(Slot& slot) {
    for (Slot& other : slots())
        if (other.used && same_sender(other.source, slot.source)) --other.held;
    free_memory(slot);
    slot.used = false;
}

Reassembler::Slot* Reassembler::victim(const Slot* except, bool for_memory) {
    Slot* chosen = nullptr;
    const auto gives_way = [&](const Slot& a, const Slot& b) {
        if (for_memory && a.room != b.room) return a.room > b.room;
        return a.held != b.held ? a.held > b.held : a.deadline < b.deadline;
    };
    for (Slot& slot : slots()) {
        if (!slot.used || &slot == except || (for_memory && !slot.memory)) continue;
        if (chosen == nullptr || gives_way(slot, *chosen)) chosen = &slot;
    }
    return chosen;
}

Reassembler::Slot* Reassembler::place(const IpAddress& source) {
    if (!slots_) slots_.reset(new (std::nothrow) Slot[kDatagrams]);
    Slot* free = nullptr;
    Slot* own = nullptr;  // the oldest of the same sender
    for (Slot& slot : slots()) {
        if (!slot.used)
            free = &slot;
        else if (same_sender(slot.source, source) && (own == nullptr || slot.deadline < own->deadline))
            own = &slot;
    }
    const bool too_many = own != nullptr && own->held >= kDatagramsOfOne;
    if (free != nullptr && !too_many) return free;
    Slot* const chosen = too_many ? own : victim(nullptr, false);
    if (chosen == nullptr) return nullptr;
    if (chosen->memory) counters_.count(Drop::kReassemblyFull);
    release(*chosen);
    return chosen;
}

Reassembler::Slot* Reassembler::claim(Instant now, const Fragment& fragment) {
    Slot* const chosen = place(fragment.source);
    if (chosen == nullptr) {
        counters_.count(Drop::kReassemblyFull);
        return nullptr;
    }
    *chosen = Slot{};
    std::uint8_t held = 1;
    for (Slot& other : slots())
        if (other.used && same_sender(other.source, fragment.source)) held = ++other.held;
    chosen->used = true;
    chosen->held = held;
    chosen->source = fragment.source;
    chosen->destination = fragment.destination;
    chosen->identification = fragment.identification;
    chosen->protocol = fragment.protocol;
    chosen->deadline = now + kTimeout;
    if (!grow(*chosen, fragment.offset + std::uint32_t(fragment.payload.size()))) {
        release(*chosen);
        return nullptr;
    }
    update_deadline();
    return chosen;
}

bool Reassembler::grow(Slot& slot, std::uint32_t payload) {
    const std::size_t needed = kPayloadStart + payload;
    if (slot.memory && needed <= slot.room) return true;
    const std::size_t room = std::min(std::max(std::bit_ceil(needed), kLeastRoom), kMostRoom);
    while (memory_ - slot.room + room > kMemory) {
        Slot* const other = victim(&slot, true);
        if (other == nullptr) break;
        counters_.count(Drop::kReassemblyFull);
        release(*other);
    }
    std::unique_ptr<std::byte[]> memory(new (std::nothrow) std::byte[room]);
    if (!memory) {
        counters_.count(Drop::kReassemblyFull);
        return false;
    }
    if (slot.memory) std::copy_n(slot.memory.get(), slot.room, memory.get());
    memory_ += room - slot.room;
    slot.memory = std::move(memory);
    slot.room = std::uint32_t(room);
    return true;
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
    release(slot);
    update_deadline();
    return datagram;
}

void Reassembler::spoil(Slot& slot, Drop reason) {
    counters_.count(reason);
    free_memory(slot);
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
    if (!grow(*slot, run.end)) {
        release(*slot);
        update_deadline();
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
    for (Slot& slot : slots()) {
        if (!slot.used || slot.deadline > now) continue;
        if (slot.memory) counters_.count(Drop::kReassemblyTimeout);
        if (slot.memory && slot.header_length != 0) return take(slot, slot.runs[0].end);
        release(slot);
    }
    update_deadline();
    return std::nullopt;
}

void Reassembler::update_deadline() {
    deadline_ = Instant::never();
    for (const Slot& slot : slots())
        if (slot.used) deadline_ = std::min(deadline_, slot.deadline);
}

}  // namespace holm::net::ip
