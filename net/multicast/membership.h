#pragma once

// The groups that one interface listens to, and what routers and switches are told of them: the part that
// IGMP (RFC 2236, RFC 3376) and MLD (RFC 2710, RFC 3810) have in common. Most users of a group hear it
// whoever sends; those with a filter of sources bring it along, and the interface listens to what all of them
// together want (RFC 3376, section 3.2).
//
// Bound: kCapacity groups. A union of sources beyond SourceList::kCapacity becomes "whoever sends": users
// look at their filters themselves.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/instant.h"
#include "base/siphash.h"
#include "net/address.h"
#include "net/multicast/source_filter.h"

namespace holm::net::multicast {

struct Report {
    // The record types of RFC 3376, section 4.2.12, and RFC 3810, section 5.2.12.
    enum class Kind : std::uint8_t {
        kIsInclude = 1,
        kIsExclude = 2,
        kToInclude = 3,
        kToExclude = 4,
        kAllow = 5,
        kBlock = 6,
    };
    IpAddress group;
    Kind kind = Kind::kIsExclude;
    // Nobody listens any more.
    bool left = false;
    // In the words of the protocol's older version, because an older querier is on the link: it knows neither
    // kinds nor sources.
    bool older = false;
    SourceList sources;
};

class Membership {
  public:
    static constexpr std::size_t kCapacity = 32;
    // RFC 3376, section 8; RFC 3810, section 9.
    static constexpr int kRobustness = 2;  // how often a change is told
    static constexpr Duration kUnsolicitedInterval = Duration::seconds(1);
    static constexpr Duration kOlderQuerierTimeout = Duration::seconds(260);  // 2 x 125 s + 10 s

    explicit Membership(KeyedRandom& random) : random_(random) {}

    // Each user of a group joins and leaves for itself; `member`, if it has a filter, must stay until it
    // leaves. False: the groups are too many, or there is no memory for sources.
    bool join(Instant now, const IpAddress& group, FilteringMember* member = nullptr);
    void leave(Instant now, const IpAddress& group, FilteringMember* member = nullptr);
    // A member's filter has changed.
    void filter_changed(Instant now, const IpAddress& group);
    bool listens(const IpAddress& group) const;
    std::size_t size() const { return count_; }

    // A querier asks who listens, to `group` or (unspecified) to any, and to one of `sources` or (none) to
    // any; an answer comes within `most`, at random so that not everybody answers at once.
    void queried(Instant now, const IpAddress& group, Duration most, bool older,
                 const SourceList& sources = {});
    // Somebody else answered for the group in the older version's way: one answer is enough there.
    void heard_report(const IpAddress& group);
    // All that we listen to is told again: the interface has an address now.
    void announce(Instant now);

    // The next report to send; to be called until there is none.
    std::optional<Report> due(Instant now);
    Instant next_deadline() const { return deadline_; }

  private:
    // What is kept of a group that has or had a user with a filter.
    struct Sources {
        FilteringMember* members = nullptr;
        SourceList wanted;  // with `include` of the group: what all users together want
        // Sources that have come or gone, to be told once more, and twice more.
        SourceList once, twice;
    };
    struct Group {
        IpAddress address;
        std::uint16_t users = 0;        // without a filter
        std::uint8_t changes_left = 0;  // how often its last change of mode is still to be told
        bool include = true;            // the mode: while nobody listens it is INCLUDE of none
        bool asked = false;             // a query is to be answered
        bool allowed_told = false;      // of this round's changes of sources the half that was allowed
        Instant next = Instant::never();
        std::unique_ptr<Sources> sources;

        bool wanted() const { return !include || (sources && !sources->wanted.empty()); }
        bool is_idle() const { return users == 0 && !(sources && sources->members); }
        bool changes_sources() const { return sources && !(sources->once.empty() && sources->twice.empty()); }
    };
    Group* find(const IpAddress& group);
    void plan(Group& group, Instant when);
    void remove(Group& group);
    void settle(Instant now, Group& group);
    static bool take_changes(const Group& group, bool allowed, Report& report);

    KeyedRandom& random_;
    std::array<Group, kCapacity> groups_;
    std::size_t count_ = 0;
    Instant older_until_;
    Instant deadline_ = Instant::never();
};

}  // namespace holm::net::multicast
