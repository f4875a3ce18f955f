#pragma once

// The zones of an image, read where they lie (table_layout.h). Every offset is checked when it is followed.

#include <cstring>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/network_order.h"
#include "base/result.h"
#include "net/address.h"
#include "services/dns/name_key.h"
#include "services/dns/table_layout.h"

namespace holm::dns {

class ZoneTable;

// The RRset of a name and type; null if there is none.
class SetView {
  public:
    SetView() = default;
    explicit operator bool() const { return set_ != nullptr; }
    std::uint16_t records() const { return set_->records; }
    std::span<const table::Target> targets() const {
        return {reinterpret_cast<const table::Target*>(set_ + 1), set_->targets};
    }
    std::span<const table::Fixup> fixups() const {
        return {reinterpret_cast<const table::Fixup*>(targets().data() + set_->targets), set_->fixups};
    }
    // Seconds.
    std::uint32_t ttl() const {
        NetU32 ttl(0);
        if (set_->size >= 10) std::memcpy(&ttl, image().data() + 6, sizeof(ttl));
        return ttl;
    }
    // The records as they stand in a message, but for what the fixups say.
    Bytes image() const {
        return {reinterpret_cast<const std::byte*>(fixups().data() + set_->fixups), set_->size};
    }

  private:
    friend class ZoneTable;
    const table::Set* set_ = nullptr;
};

class NodeView {
  public:
    NodeView() = default;
    explicit operator bool() const { return node_ != nullptr; }
    friend bool operator==(NodeView left, NodeView right) { return left.node_ == right.node_; }
    bool has(table::NodeFlag flag) const { return (node_->flags & flag) != 0; }
    std::uint32_t cut() const { return node_->cut; }
    std::uint32_t wildcard() const { return node_->wildcard; }
    // Letters as written; zeros follow up to a multiple of 8.
    Bytes name() const { return {reinterpret_cast<const std::byte*>(node_ + 1), node_->name_size}; }
    std::span<const table::SetReference> sets() const {
        const std::size_t padded = (std::size_t{node_->name_size} + 7) & ~std::size_t{7};
        return {reinterpret_cast<const table::SetReference*>(reinterpret_cast<const std::byte*>(node_ + 1) +
                                                             padded),
                node_->set_count};
    }
    // Null if there are no records of this type.
    const table::SetReference* find(std::uint16_t type) const {
        for (const table::SetReference& one : sets()) {
            if (one.type == type && one.set != 0) return &one;
        }
        return nullptr;
    }

  private:
    friend class ZoneTable;
    const table::Node* node_ = nullptr;
};

class ZoneTable {
  public:
    ZoneTable() = default;  // without zones
    // The bytes must stay as they are. Errors: kBadMessage.
    static Result<ZoneTable> create(Bytes bytes);

    const table::Header& header() const { return *header_; }
    std::span<const table::Zone> zones() const { return zones_; }

    // The zone that a name belongs to, the one with the longest name; null if none does. `label` becomes the
    // label at which the zone's name begins. `above`: not the zone that begins with the name itself.
    const table::Zone* find_zone(const NameKey& name, std::size_t& label, bool above = false) const;
    // The node of the ancestor of `name` that begins at `label`.
    NodeView find(const table::Zone& zone, const NameKey& name, std::size_t label) const;
    // Has what find() will read of a name fetched from memory, where each of the two mostly has to come from:
    // first its slot, and when that is there, its node.
    void fetch_slot(const table::Zone& zone, const NameKey& name) const {
        const auto slots = array<table::Slot>(zone.slots);
        if (!slots.empty())
            __builtin_prefetch(&slots[first_slot(name.hash(0), static_cast<std::uint32_t>(slots.size()))]);
    }
    void fetch_node(const table::Zone& zone, const NameKey& name) const;

    NodeView node(std::uint32_t offset) const;
    SetView set(std::uint32_t offset) const;
    template <typename T>
    std::span<const T> array(table::Array place) const {
        if (place.offset % alignof(T) != 0 || !holds(place.offset, std::uint64_t{place.count} * sizeof(T)))
            return {};
        return {reinterpret_cast<const T*>(bytes_.data() + place.offset), place.count};
    }
    Bytes text(table::Text place) const {
        return holds(place.offset, place.size) ? bytes_.subspan(place.offset, place.size) : Bytes();
    }
    const table::SetReference* soa(const table::Zone& zone) const { return set_reference(zone.soa); }
    const table::SetReference* negative_soa(const table::Zone& zone) const {
        return set_reference(zone.negative_soa);
    }

  private:
    bool holds(std::uint64_t offset, std::uint64_t size) const {
        return offset <= bytes_.size() && size <= bytes_.size() - offset;
    }
    const table::SetReference* set_reference(std::uint32_t offset) const;

    Bytes bytes_;
    static constexpr table::Header kWithoutZones{.udp_size = kMinimumUdp};
    const table::Header* header_ = &kWithoutZones;
    std::span<const table::Zone> zones_;
    std::span<const table::Slot> zone_slots_;
};

}  // namespace holm::dns
