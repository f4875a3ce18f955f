#include "net/multicast/membership.h"

#include <algorithm>

namespace holm::net::multicast {

Membership::Group* Membership::find(const IpAddress& group) {
    for (Group& entry : std::span(groups_).first(count_))
        if (entry.address == group) return &entry;
    return nullptr;
}

void Membership::plan(Group& group, Instant when) {
    group.next = when;
    deadline_ = std::min(deadline_, when);
}

bool Membership::join(Instant now, const IpAddress& address) {
    Group* group = find(address);
    if (!group) {
        if (count_ == kCapacity) return false;
        group = &groups_[count_++];
        *group = Group{address, 0, 0, Instant::never()};
    }
    if (group->users++ > 0) return true;
    group->changes_left = kRobustness;
    plan(*group, now);
    return true;
}

void Membership::leave(Instant now, const IpAddress& address) {
    Group* group = find(address);
    if (!group || group->users == 0 || --group->users > 0) return;
    group->changes_left = kRobustness;
    plan(*group, now);
}

bool Membership::listens(const IpAddress& address) const {
    return std::any_of(groups_.begin(), groups_.begin() + std::ptrdiff_t(count_),
                       [&](const Group& group) { return group.users > 0 && group.address == address; });
}

void Membership::queried(Instant now, const IpAddress& address, Duration most, bool older) {
    if (older) older_until_ = now + kOlderQuerierTimeout;
    for (Group& group : std::span(groups_).first(count_)) {
        if (group.users == 0 || (!address.is_unspecified() && group.address != address)) continue;
        const auto range = std::uint64_t(std::max(most, Duration::milliseconds(1)).as_nanoseconds());
        const Instant answer = now + Duration::nanoseconds(std::int64_t(random_.below(range)));
        if (answer < group.next) plan(group, answer);
    }
}

void Membership::heard_report(const IpAddress& address) {
    if (Group* group = find(address); group && group->users > 0 && group->changes_left == 0)
        group->next = Instant::never();
}

void Membership::announce(Instant now) {
    for (Group& group : std::span(groups_).first(count_)) {
        group.changes_left = kRobustness;
        plan(group, now);
    }
}

std::optional<Report> Membership::due(Instant now) {
    if (now < deadline_) return std::nullopt;
    const bool older = now < older_until_;
    deadline_ = Instant::never();
    for (std::size_t i = 0; i < count_;) {
        Group& group = groups_[i];
        if (group.next > now) {
            deadline_ = std::min(deadline_, group.next);
            ++i;
            continue;
        }
        const bool left = group.users == 0;
        Report report{group.address, Report::Kind::kListening, older};
        if (left)
            report.kind = Report::Kind::kLeft;
        else if (group.changes_left > 0)
            report.kind = Report::Kind::kJoined;
        // A change is told twice, at random within a second, since either message may be lost; the older
        // versions tell of leaving once.
        if (group.changes_left > 0) --group.changes_left;
        if (group.changes_left > 0 && !(left && older)) {
            group.next = now + Duration::nanoseconds(
                                   std::int64_t(random_.below(kUnsolicitedInterval.as_nanoseconds())) + 1);
        } else if (left) {
            group = groups_[--count_];
        } else {
            group.next = Instant::never();
        }
        deadline_ = now;  // there may be more: looked at in the next call
        return report;
    }
    return std::nullopt;
}

}  // namespace holm::net::multicast
