#pragma once

// The groups that one interface listens to, and what routers and switches are told of them: the part that
// IGMP (RFC 2236, RFC 3376) and MLD (RFC 2710, RFC 3810) have in common. A host here listens to a group
// whoever sends to it (the any-source model), so a report is a group and what has happened to it.
//
// Bound: kCapacity groups.

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "base/instant.h"
#include "base/siphash.h"
#include "net/address.h"

namespace holm::net::multicast {

struct Report {
    enum class Kind : std::uint8_t { kListening, kJoined, kLeft };
    IpAddress group;
    Kind kind = Kind::kListening;
    // In the words of the protocol's older version, because an older querier is on the link.
    bool older = false;
};

class Membership {
  public:
    static constexpr std::size_t kCapacity = 32;
    // RFC 3376, section 8; RFC 3810, section 9.
    static constexpr int kRobustness = 2;  // how often a change is told
    static constexpr Duration kUnsolicitedInterval = Duration::seconds(1);
    static constexpr Duration kOlderQuerierTimeout = Duration::seconds(260);  // 2 x 125 s + 10 s

    explicit Membership(KeyedRandom& random) : random_(random) {}

    // Each user of a group joins and leaves for itself. False: the groups are too many.
    bool join(Instant now, const IpAddress& group);
    void leave(Instant now, const IpAddress& group);
    bool listens(const IpAddress& group) const;
    std::size_t size() const { return count_; }

    // A querier asks who listens, to `group` or (unspecified) to any; an answer comes within `most`, at
    // random so that not everybody answers at once.
    void queried(Instant now, const IpAddress& group, Duration most, bool older);
    // Somebody else answered for the group in the older version's way: one answer is enough there.
    void heard_report(const IpAddress& group);
    // All that we listen to is told again: the interface has an address now.
    void announce(Instant now);

    // The next report to send; to be called until there is none.
    std::optional<Report> due(Instant now);
    Instant next_deadline() const { return deadline_; }

  private:
    struct Group {
        IpAddress address;
        std::uint16_t users = 0;        // 0: it is being left
        std::uint8_t changes_left = 0;  // how often its last change is still to be told
        Instant next = Instant::never();
    };
    Group* find(const IpAddress& group);
    void plan(Group& group, Instant when);

    KeyedRandom& random_;
    std::array<Group, kCapacity> groups_;
    std::size_t count_ = 0;
    Instant older_until_;
    Instant deadline_ = Instant::never();
};

}  // namespace holm::net::multicast
