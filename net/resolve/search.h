#pragma once

// The names that a name may stand for: itself, and itself within each domain of a search list (RFC 1123,
// section 6.1.4.3; RFC 1535 for why a name with dots is tried as it is first).

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "net/resolve/name.h"

namespace holm::net::resolve {

struct SearchList {
    static constexpr std::size_t kDomains = 6;
    std::array<DomainName, kDomains> domains;
    std::size_t count = 0;
    std::size_t dots = 1;  // a name with at least so many is tried as it is before it is tried in the domains

    bool add(std::string_view domain) {
        const auto parsed = DomainName::parse(domain);
        if (!parsed || count == kDomains) return false;
        domains[count++] = *parsed;
        return true;
    }

    // Names as DHCP and routers send them, compressed or not (RFC 1035, section 4.1.4): those that a host can
    // have, up to what cannot be read. Zeros are padding; what is there already is not added.
    void add_encoded(Bytes names) {
        for (std::size_t at = 0; at < names.size();) {
            std::size_t end = 0;
            const auto name = DomainName::read(names, at, end);
            if (!name) return;
            at = end;
            const auto known = domains.begin() + std::ptrdiff_t(count);
            if (name->is_host_name() && count < kDomains && std::find(domains.begin(), known, *name) == known)
                domains[count++] = *name;
        }
    }

    // The name to try at the `turn`-th time, from 0; nothing when there are no more. `absolute`: it was
    // written with a dot at its end, and stands for itself alone.
    std::optional<DomainName> candidate(const DomainName& name, bool absolute, std::size_t turn) const {
        if (absolute || count == 0) return turn == 0 ? std::optional(name) : std::nullopt;
        const bool first = name.labels() > dots;
        if (turn > count) return std::nullopt;
        if (first) return turn == 0 ? std::optional(name) : name.within(domains[turn - 1]);
        return turn == count ? std::optional(name) : name.within(domains[turn]);
    }
};

}  // namespace holm::net::resolve
