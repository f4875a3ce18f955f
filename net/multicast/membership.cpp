#include "net/multicast/membership.h"

#include <algorithm>
#include <new>
#include <utility>

namespace holm::net::multicast {

namespace {

// RFC 3376, section 3.2: what all filters together let through, whatever the users without one want.
SourceFilter combine(const FilteringMember* members) {
    SourceFilter all;
    for (const FilteringMember* member = members; member; member = member->next) {
        const SourceFilter& filter = member->filter;
        if (filter.include) continue;
        if (std::exchange(all.include, false)) {
            all.sources = filter.sources;
            continue;
        }
        const SourceList excluded = all.sources;
        for (const IpAddress& source : excluded.all())
            if (!filter.sources.contains(source)) all.sources.remove(source);
    }
    for (const FilteringMember* member = members; member; member = member->next) {
        if (!member->filter.include) continue;
        for (const IpAddress& source : member->filter.sources.all()) {
            if (!all.include)
                all.sources.remove(source);
            else if (!all.sources.add(source))
                return {.include = false, .sources = {}};
        }
    }
    return all;
}

}  // namespace

Membership::Group* Membership::find(const IpAddress& group) {
    for (Group& entry : std::span(groups_).first(count_))
        if (entry.address == group) return &entry;
    return nullptr;
}

void Membership::plan(Group& group, Instant when) {
    group.next = when;
    deadline_ = std::min(deadline_, when);
}

bool Membership::join(Instant now, const IpAddress& address, FilteringMember* member) {
    Group* group = find(address);
    const bool is_new = !group;
    if (is_new && count_ == kCapacity) return false;
    std::unique_ptr<Sources> sources;
    if (member && !(group && group->sources)) {
        sources.reset(new (std::nothrow) Sources);
        if (!sources) return false;
    }
    if (is_new) {
        group = &groups_[count_++];
        *group = Group{.address = address};
    }
    if (sources) group->sources = std::move(sources);
    if (member)
        member->next = std::exchange(group->sources->members, member);
    else
        ++group->users;
    settle(now, *group);
    return true;
}

void Membership::leave(Instant now, const IpAddress& address, FilteringMember* member) {
    Group* group = find(address);
    if (!group) return;
    if (!member) {
        if (group->users == 0) return;
        --group->users;
    } else if (group->sources) {
        FilteringMember** link = &group->sources->members;
        while (*link && *link != member) link = &(*link)->next;
        if (*link) *link = member->next;
    }
    settle(now, *group);
    // One that nobody was told of.
    if (group->is_idle() && group->changes_left == 0 && !group->changes_sources()) remove(*group);
}

void Membership::remove(Group& group) {
    --count_;
    if (&group != &groups_[count_]) group = std::move(groups_[count_]);
    groups_[count_] = Group();
}

void Membership::filter_changed(Instant now, const IpAddress& address) {
    if (Group* group = find(address)) settle(now, *group);
}

// The state of the group again, from what its users want; what has changed is to be told (section 5.1).
void Membership::settle(Instant now, Group& group) {
    SourceFilter wanted{.include = group.users == 0, .sources = {}};
    if (wanted.include && group.sources) wanted = combine(group.sources->members);
    if (group.include != wanted.include) {
        group.include = wanted.include;
        group.changes_left = kRobustness;
        plan(group, now);
    }
    if (!group.sources) return;
    Sources& sources = *group.sources;
    const auto differ = [&](const SourceList& some, const SourceList& others) {
        for (const IpAddress& source : some.all()) {
            if (others.contains(source)) continue;
            plan(group, now);
            sources.once.remove(source);
            // Where the mode is still to be told, or changes are too many, a report tells the whole list.
            if (group.changes_left > 0 ||
                sources.once.all().size() + sources.twice.all().size() == SourceList::kCapacity)
                group.changes_left = kRobustness;
            else
                sources.twice.add(source);
        }
    };
    differ(wanted.sources, sources.wanted);
    differ(sources.wanted, wanted.sources);
    sources.wanted = wanted.sources;
    if (group.changes_left == 0) return;
    sources.once.clear();
    sources.twice.clear();
}

bool Membership::listens(const IpAddress& address) const {
    return std::any_of(groups_.begin(), groups_.begin() + std::ptrdiff_t(count_),
                       [&](const Group& group) { return group.address == address && group.wanted(); });
}

// Section 5.2. Who asks for certain sources is told all: it is as true, and nothing need be remembered.
void Membership::queried(Instant now, const IpAddress& address, Duration most, bool older,
                         const SourceList& asked) {
    if (older) older_until_ = now + kOlderQuerierTimeout;
    for (Group& group : std::span(groups_).first(count_)) {
        if (!group.wanted() || (!address.is_unspecified() && group.address != address)) continue;
        const auto hears = [&](const IpAddress& source) {
            return !group.sources || group.sources->wanted.contains(source) == group.include;
        };
        if (!asked.empty() && std::ranges::none_of(asked.all(), hears)) continue;
        const auto range = std::uint64_t(std::max(most, Duration::milliseconds(1)).as_nanoseconds());
        const Instant answer = now + Duration::nanoseconds(std::int64_t(random_.below(range)));
        group.asked = true;
        if (answer < group.next) plan(group, answer);
    }
}

void Membership::heard_report(const IpAddress& address) {
    Group* group = find(address);
    if (!group || !group->wanted() || group->changes_left > 0 || group->changes_sources()) return;
    group->asked = false;
    group->next = Instant::never();
}

void Membership::announce(Instant now) {
    for (Group& group : std::span(groups_).first(count_)) {
        group.changes_left = kRobustness;
        if (group.sources) {
            group.sources->once.clear();
            group.sources->twice.clear();
        }
        plan(group, now);
    }
}

// Half of the changes of sources: those that are heard from now on, or those that are heard no more.
bool Membership::take_changes(const Group& group, bool allowed, Report& report) {
    report.kind = allowed ? Report::Kind::kAllow : Report::Kind::kBlock;
    for (const SourceList* list : {&group.sources->once, &group.sources->twice})
        for (const IpAddress& source : list->all())
            if ((group.sources->wanted.contains(source) == group.include) == allowed)
                report.sources.add(source);
    return !report.sources.empty();
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
        Report report{.group = group.address, .left = !group.wanted(), .older = older};
        bool tells = true;
        if (group.changes_left > 0 || group.asked) {
            const bool changed = group.changes_left > 0;
            using enum Report::Kind;
            report.kind =
                group.include ? (changed ? kToInclude : kIsInclude) : (changed ? kToExclude : kIsExclude);
            if (group.sources) report.sources = group.sources->wanted;
            if (changed) --group.changes_left;
            group.asked = false;
        } else if (group.changes_sources()) {
            if (!older && !group.allowed_told && take_changes(group, true, report)) {
                group.allowed_told = true;
                deadline_ = now;
                return report;
            }
            tells = older || take_changes(group, false, report);
            group.allowed_told = false;
            group.sources->once = std::exchange(group.sources->twice, {});
        } else {
            tells = false;
        }
        // A change is told twice, at random within a second, since either message may be lost; the older
        // versions tell of leaving once.
        const bool goes_on = group.changes_left > 0 || group.changes_sources();
        if (goes_on && !(report.left && older)) {
            group.next = now + Duration::nanoseconds(
                                   std::int64_t(random_.below(kUnsolicitedInterval.as_nanoseconds())) + 1);
        } else if (group.is_idle()) {
            remove(group);
        } else {
            group.next = Instant::never();
        }
        if (!tells) continue;
        deadline_ = now;  // there may be more: looked at in the next call
        return report;
    }
    return std::nullopt;
}

}  // namespace holm::net::multicast
