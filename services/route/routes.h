#pragma once

// Which way for an address: the compiled table, and above it the few routes that come and go with addresses
// from DHCP and router advertisements.

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "net/address.h"
#include "net/ip/routes.h"
#include "services/route/table.h"

namespace holm::route {

inline constexpr std::uint8_t kNoInterface = 0xff;

struct Way {
    WayKind kind = WayKind::kForward;
    std::uint8_t interface = kNoInterface;  // index among the router's
    net::IpAddress next_hop;                // kForward: the gateway, or the destination itself
};

class Routes {
  public:
    static constexpr std::size_t kDynamic = 64;

    explicit Routes(const Table& table)
        : v4_(table.fib_v4()), v6_(table.fib_v6()), ways_(table.ways()), members_(table.members()) {}

    // Set while the interface is there: ways through others are not taken as long as there is a choice.
    void set_present(std::uint8_t interface, bool present) { present_[interface] = present; }

    struct Dynamic {
        FibKey key;
        bool v4 = true;
        std::uint8_t length = 0;
        Way way;  // next_hop unspecified: neighbours on the link
    };
    void clear_dynamic() { dynamic_count_ = 0; }
    // Those beyond kDynamic are not taken: routers could tell of any number.
    void add_dynamic(const Dynamic& route) {
        if (dynamic_count_ < kDynamic) dynamic_[dynamic_count_++] = route;
    }

    FibResult find(const FibKey& key, bool v4) const {
        const FibResult fixed = v4 ? v4_.find(key) : v6_.find(key);
        return dynamic_count_ == 0 ? fixed : find_dynamic(key, v4, fixed);
    }
    // The way that a result stands for; nothing: there is none. `flow` chooses among equal ones.
    std::optional<Way> way(const FibResult& result, const net::IpAddress& destination,
                           std::uint32_t flow) const;
    // Whether there are several ways, so that the flow matters.
    bool has_choice(const FibResult& result) const {
        if (!result.found() || result.value >= kFirstDynamic) return false;
        const auto record = ways_.at(result.value);
        return record && record->member_count > 1;
    }
    // The kind alone, which is all that is needed of a source.
    std::optional<WayKind> kind(const FibResult& result) const;
    // Whether one of the ways that a result stands for leads through this interface.
    bool leads_through(const FibResult& result, std::uint8_t interface) const;

  private:
    // Values from here on stand for dynamic routes.
    static constexpr std::uint32_t kFirstDynamic = FibResult::kNone - kDynamic;

    FibResult find_dynamic(const FibKey& key, bool v4, FibResult best) const;
    bool present(const MemberRecord& member) const {
        return member.interface < present_.size() && present_[member.interface];
    }

    Fib v4_, v6_;
    Table::Records<WayRecord> ways_;
    Table::Records<MemberRecord> members_;
    std::array<bool, kMaximumInterfaces> present_{};
    std::array<Dynamic, kDynamic> dynamic_;
    std::size_t dynamic_count_ = 0;
};

}  // namespace holm::route
