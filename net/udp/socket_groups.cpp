// The multicast groups that a UDP socket listens to, and of whom (RFC 3678).

#include <new>
#include <utility>

#include "net/udp/layer.h"

namespace holm::net::udp {

Socket::Group* Socket::find_group(const IpAddress& group, std::uint8_t zone) {
    if (zone == 0) zone = group.zone();
    for (Group& own : std::span(groups_).first(group_count_))
        if (own.address == group.without_zone() && (zone == 0 || own.zone == zone)) return &own;
    return nullptr;
}

void Socket::drop_group(Group& group) {
    layer_.groups_.leave_group(group.address, group.zone, group.filter.get());
    Group& last = groups_[--group_count_];
    if (&group != &last) group = std::move(last);
    last = {};
}

Result<> Socket::join(const IpAddress& group, std::uint8_t zone) {
    zone = TRY(layer_.groups_.zone_of_group(zone != 0 ? group.with_zone(zone) : group));
    if (find_group(group, zone)) return fail(ErrorCode::kAlready, "the socket listens to this group already");
    if (group_count_ == kMaximumGroups) return fail(ErrorCode::kNoBuffers, "the socket has too many groups");
    TRY(layer_.groups_.join_group(group, zone, nullptr));
    groups_[group_count_++] = {group.without_zone(), zone, nullptr};
    return {};
}

Result<> Socket::leave(const IpAddress& group, std::uint8_t zone) {
    Group* found = find_group(group, zone);
    if (!found) return fail(ErrorCode::kAddressUnavailable, "the socket does not listen to this group");
    drop_group(*found);
    return {};
}

namespace {

bool can_send_to(const IpAddress& group, const IpAddress& source) {
    return source.is_v4() == group.is_v4() && !source.is_multicast() && !source.is_unspecified();
}

}  // namespace

Result<> Socket::join_filtered(const IpAddress& address, std::uint8_t zone, Group* joined,
                               const multicast::SourceFilter& wanted) {
    std::unique_ptr<multicast::FilteringMember> filter(new (std::nothrow) multicast::FilteringMember);
    if (!filter) return fail(ErrorCode::kOutOfMemory, "no memory for a list of sources");
    filter->filter = wanted;
    TRY(layer_.groups_.join_group(address, zone, filter.get()));
    if (joined) {
        // From all sources to some, or to all but some: never deaf in between.
        layer_.groups_.leave_group(joined->address, joined->zone, nullptr);
        joined->filter = std::move(filter);
    } else {
        groups_[group_count_++] = {address.without_zone(), zone, std::move(filter)};
    }
    return {};
}

Result<> Socket::set_sources(Sources which, const IpAddress& address, std::span<const IpAddress> sources,
                             std::uint8_t zone) {
    Group* group = find_group(address, zone);
    if (!group) return fail(ErrorCode::kInvalid, "the socket does not listen to this group");
    multicast::SourceFilter wanted{.include = which == Sources::kInclude, .sources = {}};
    for (const IpAddress& source : sources) {
        if (!can_send_to(address, source))
            return fail(ErrorCode::kInvalid, "this cannot be a source of the group");
        if (!wanted.sources.add(source.without_zone()))
            return fail(ErrorCode::kNoBuffers, "too many sources");
    }
    if (wanted.is_deaf()) {
        drop_group(*group);
        return {};
    }
    if (!group->filter) return join_filtered(group->address, group->zone, group, wanted);
    group->filter->filter = wanted;
    layer_.groups_.group_filter_changed(group->address, group->zone);
    return {};
}

Result<multicast::SourceFilter> Socket::sources_of(const IpAddress& address, std::uint8_t zone) {
    const Group* group = find_group(address, zone);
    if (!group) return fail(ErrorCode::kAddressUnavailable, "the socket does not listen to this group");
    return group->filter ? group->filter->filter : multicast::SourceFilter{.include = false, .sources = {}};
}

Result<> Socket::add_source(Sources which, const IpAddress& address, const IpAddress& source,
                            std::uint8_t zone) {
    const bool include = which == Sources::kInclude;
    if (!can_send_to(address, source))
        return fail(ErrorCode::kInvalid, "this cannot be a source of the group");
    zone = TRY(layer_.groups_.zone_of_group(zone != 0 ? address.with_zone(zone) : address));
    Group* group = find_group(address, zone);
    const bool joined_for_some = group && group->filter && group->filter->filter.include;
    if (group ? joined_for_some != include : !include)
        return fail(ErrorCode::kInvalid, "the group was not joined that way");
    if (!group && group_count_ == kMaximumGroups)
        return fail(ErrorCode::kNoBuffers, "the socket has too many groups");

    if (group && group->filter) {
        multicast::SourceList& list = group->filter->filter.sources;
        if (list.contains(source.without_zone()))
            return fail(ErrorCode::kAlready, "the source is in the list already");
        if (!list.add(source.without_zone())) return fail(ErrorCode::kNoBuffers, "too many sources");
        layer_.groups_.group_filter_changed(group->address, group->zone);
        return {};
    }
    multicast::SourceFilter wanted{.include = include, .sources = {}};
    (void)wanted.sources.add(source.without_zone());
    return join_filtered(address, zone, group, wanted);
}

Result<> Socket::remove_source(Sources which, const IpAddress& address, const IpAddress& source,
                               std::uint8_t zone) {
    Group* group = find_group(address, zone);
    if (!group || !group->filter || group->filter->filter.include != (which == Sources::kInclude))
        return fail(ErrorCode::kInvalid, "the group was not joined that way");
    multicast::SourceFilter& filter = group->filter->filter;
    if (!filter.sources.contains(source.without_zone()))
        return fail(ErrorCode::kAddressUnavailable, "the source is not in the list");
    filter.sources.remove(source.without_zone());
    if (filter.is_deaf())
        drop_group(*group);
    else
        layer_.groups_.group_filter_changed(group->address, group->zone);
    return {};
}

bool Socket::listens(const IpAddress& group, const IpAddress& source, std::uint8_t zone) const {
    for (const Group& own : std::span(groups_).first(group_count_))
        if (own.address == group.without_zone() && own.zone == zone)
            return !own.filter || own.filter->filter.hears(source.without_zone());
    // All hosts, all nodes: nobody joins them.
    return group == IpAddress::v4(224, 0, 0, 1) ||
           group.without_zone() == IpAddress::v6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
}

}  // namespace holm::net::udp
