// Multicast groups: which interface they are meant on, and who listens there.

#include "net/ip/layer.h"

namespace holm::net::ip {

link::Interface* Layer::interface_for_group(const IpAddress& group, const IpAddress& source) const {
    if (group.zone() != 0) return interface_numbered(group.zone());
    if (!source.is_unspecified())
        if (link::Interface* chosen = interface_of(source)) return chosen;
    const RouteEntry* entry = routes_.find(group);
    return entry ? entry->interface : nullptr;
}

Result<std::uint8_t> Layer::zone_of_group(const IpAddress& group) const {
    if (!group.is_multicast()) return fail(ErrorCode::kInvalid, "this is no multicast group");
    const Hop hop = group.is_v4() ? next_hop(group, {}, nullptr) : next_hop_v6(group, {}, nullptr);
    if (!hop.interface) return fail(ErrorCode::kNoDevice, "no interface leads to the group");
    return hop.interface->zone();
}

Result<> Layer::join_group(const IpAddress& group, std::uint8_t zone, multicast::FilteringMember* member) {
    link::Interface* interface = interface_numbered(zone);
    if (!interface) return fail(ErrorCode::kNoDevice, "there is no such interface");
    if (!interface->listeners(group).join(seen_, group.needs_zone() ? group.with_zone(zone) : group, member))
        return fail(ErrorCode::kNoBuffers, "the interface listens to too many groups");
    return {};
}

void Layer::leave_group(const IpAddress& group, std::uint8_t zone, multicast::FilteringMember* member) {
    if (link::Interface* interface = interface_numbered(zone))
        interface->listeners(group).leave(seen_, group.needs_zone() ? group.with_zone(zone) : group, member);
}

void Layer::group_filter_changed(const IpAddress& group, std::uint8_t zone) {
    if (link::Interface* interface = interface_numbered(zone))
        interface->listeners(group).filter_changed(seen_, group.needs_zone() ? group.with_zone(zone) : group);
}

}  // namespace holm::net::ip
