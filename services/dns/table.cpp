#include "services/dns/table.h"

#include <algorithm>

namespace holm::dns {

using namespace table;

namespace {
constexpr std::size_t kCacheLine = 64;
}

Result<ZoneTable> ZoneTable::create(Bytes bytes) {
    ZoneTable made;
    if (reinterpret_cast<std::uintptr_t>(bytes.data()) % 8 != 0 || bytes.size() < sizeof(Header))
        return fail(ErrorCode::kBadMessage, "the zone table is too short for its header, or not aligned");
    made.bytes_ = bytes;
    made.header_ = reinterpret_cast<const Header*>(bytes.data());
    if (std::memcmp(made.header_->magic, kMagic, sizeof(kMagic)) != 0 || made.header_->version != kVersion)
        return fail(ErrorCode::kBadMessage, "the zone table is not one of holm-zone of this version");
    if (made.header_->size != bytes.size())
        return fail(ErrorCode::kBadMessage, "the zone table has not the size that its header says");
    if (made.header_->udp_size < kMinimumUdp)
        return fail(ErrorCode::kBadMessage, "the zone table allows answers of fewer than 512 bytes");
    made.zones_ = made.array<Zone>(made.header_->zones);
    made.zone_slots_ = made.array<Slot>(made.header_->zone_slots);
    if (made.zones_.size() != made.header_->zones.count ||
        made.zone_slots_.size() != made.header_->zone_slots.count)
        return fail(ErrorCode::kBadMessage, "the zone table ends before its list of zones");
    for (const Zone& zone : made.zones_) {
        const auto* soa = made.soa(zone);
        if (!made.node(zone.apex) || soa == nullptr || !made.set(soa->set) ||
            made.negative_soa(zone) == nullptr)
            return fail(ErrorCode::kBadMessage, "a zone of the zone table has no SOA record");
    }
    return made;
}

NodeView ZoneTable::node(std::uint32_t offset) const {
    NodeView view;
    if (offset == 0 || offset % alignof(Node) != 0 || !holds(offset, sizeof(Node))) return view;
    const auto* node = reinterpret_cast<const Node*>(bytes_.data() + offset);
    const std::size_t padded = (std::size_t{node->name_size} + 7) & ~std::size_t{7};
    if (node->name_size == 0 ||
        !holds(offset, sizeof(Node) + padded + node->set_count * sizeof(SetReference)))
        return view;
    view.node_ = node;
    return view;
}

SetView ZoneTable::set(std::uint32_t offset) const {
    SetView view;
    if (offset == 0 || offset % alignof(Set) != 0 || !holds(offset, sizeof(Set))) return view;
    const auto* set = reinterpret_cast<const Set*>(bytes_.data() + offset);
    if (holds(offset, sizeof(Set) + std::uint64_t{set->targets} * sizeof(Target) +
                          set->fixups * sizeof(Fixup) + std::uint64_t{set->size}))
        view.set_ = set;
    return view;
}

const SetReference* ZoneTable::set_reference(std::uint32_t offset) const {
    const auto one = array<SetReference>({offset, 1});
    return offset == 0 || one.empty() ? nullptr : one.data();
}

const Zone* ZoneTable::find_zone(const NameKey& name, std::size_t& label, bool above) const {
    const std::size_t longest = std::min<std::size_t>(header_->most_labels, name.labels());
    const auto count = static_cast<std::uint32_t>(zone_slots_.size());
    if (count == 0) return nullptr;
    for (label = name.labels() - longest; label <= name.labels(); ++label) {
        if (above && label == 0) continue;
        const std::uint64_t hash = name.hash(label);
        std::uint32_t at = first_slot(hash, count);
        for (std::uint32_t looked = 0; looked < count; ++looked, at = at + 1 == count ? 0 : at + 1) {
            const Slot& slot = zone_slots_[at];
            if (slot.target == 0) break;
            if (slot.tag != slot_tag(hash) || slot.target > zones_.size()) continue;
            const Zone& zone = zones_[slot.target - 1];
            const NodeView apex = node(zone.apex);
            if (apex && name.matches(label, apex.name().data(), apex.name().size())) return &zone;
        }
    }
    return nullptr;
}

NodeView ZoneTable::find(const Zone& zone, const NameKey& name, std::size_t label) const {
    const auto slots = array<Slot>(zone.slots);
    const auto count = static_cast<std::uint32_t>(slots.size());
    const std::uint64_t hash = name.hash(label);
    std::uint32_t at = first_slot(hash, count);
    for (std::uint32_t looked = 0; looked < count; ++looked, at = at + 1 == count ? 0 : at + 1) {
        const Slot& slot = slots[at];
        if (slot.target == 0) break;
        if (slot.tag != slot_tag(hash)) continue;
        const NodeView found = node(slot.target);
        if (found && name.matches(label, found.name().data(), found.name().size())) return found;
    }
    return {};
}

void ZoneTable::fetch_node(const Zone& zone, const NameKey& name) const {
    const auto slots = array<Slot>(zone.slots);
    const auto count = static_cast<std::uint32_t>(slots.size());
    const std::uint64_t hash = name.hash(0);
    std::uint32_t at = first_slot(hash, count);
    for (std::uint32_t looked = 0; looked < count; ++looked, at = at + 1 == count ? 0 : at + 1) {
        const Slot& slot = slots[at];
        if (slot.target == 0) return;
        if (slot.tag != slot_tag(hash) || !holds(slot.target, sizeof(Node))) continue;
        // With its name and few records a node takes one line or two.
        const std::byte* const node = bytes_.data() + slot.target;
        __builtin_prefetch(node);
        if (holds(slot.target, 2 * kCacheLine)) __builtin_prefetch(node + kCacheLine);
        return;
    }
}

}  // namespace holm::dns
