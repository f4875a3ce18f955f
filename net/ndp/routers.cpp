#include "net/ndp/routers.h"

#include <algorithm>

namespace holm::net::ndp {

Instant lifetime_end(Instant now, std::uint32_t seconds) {
    return seconds == ~std::uint32_t{0} ? Instant::never() : now + Duration::seconds(seconds);
}

namespace {

// Refreshes the entry that `same` finds, adds `entry` if there is none, or removes it when it lives no
// longer. True if the list has another entry now, or one less.
template <typename Entry, std::size_t kCapacity, typename Same>
bool learn(std::array<Entry, kCapacity>& list, std::size_t& count, const Entry& entry, bool lives,
           Same same) {
    const auto end = list.begin() + std::ptrdiff_t(count);
    const auto found = std::find_if(list.begin(), end, same);
    if (found != end) {
        *found = entry;
        if (lives) return false;
        std::copy(found + 1, end, found);
        --count;
        return true;
    }
    if (!lives || count == kCapacity) return false;
    list[count++] = entry;
    return true;
}

template <typename Entry, std::size_t kCapacity>
bool expire_list(std::array<Entry, kCapacity>& list, std::size_t& count, Instant now) {
    const auto end = list.begin() + std::ptrdiff_t(count);
    const auto kept =
        std::remove_if(list.begin(), end, [&](const Entry& entry) { return entry.until <= now; });
    count = std::size_t(kept - list.begin());
    return kept != end;
}

}  // namespace

bool RouterLists::learn_router(Instant now, const IpAddress& router, std::int8_t preference,
                               std::uint16_t seconds) {
    const Router* before = best();
    const IpAddress previous = before ? before->address : IpAddress();
    learn(routers_, router_count_, Router{router, preference, false, now + Duration::seconds(seconds)},
          seconds != 0, [&](const Router& entry) { return entry.address == router; });
    update_deadline();
    const Router* after = best();
    return (after ? after->address : IpAddress()) != previous;
}

bool RouterLists::learn_prefix(Instant now, const IpAddress& prefix, std::uint8_t length,
                               std::uint32_t seconds) {
    const bool changed = learn(
        prefixes_, prefix_count_, OnLinkPrefix{prefix, length, lifetime_end(now, seconds)}, seconds != 0,
        [&](const OnLinkPrefix& entry) { return entry.prefix == prefix && entry.length == length; });
    update_deadline();
    return changed;
}

bool RouterLists::learn_dns(Instant now, const IpAddress& server, std::uint32_t seconds) {
    const bool changed = learn(dns_, dns_count_, DnsServer{server, lifetime_end(now, seconds)}, seconds != 0,
                               [&](const DnsServer& entry) { return entry.address == server; });
    update_deadline();
    return changed;
}

bool RouterLists::learn_search(Instant now, Bytes names, std::uint32_t seconds) {
    wire::DomainList told;
    if (seconds != 0) told.append(names);
    const bool changed = !(told == search_);
    search_ = told;
    search_until_ = seconds != 0 ? lifetime_end(now, seconds) : Instant::never();
    update_deadline();
    return changed;
}

bool RouterLists::mark(const IpAddress& address, bool silent) {
    const Router* before = best();
    for (Router& router : std::span(routers_).first(router_count_))
        if (router.address == address) router.silent = silent;
    return best() != before;
}

bool RouterLists::forget(const IpAddress& address) {
    return learn(routers_, router_count_, Router{}, false,
                 [&](const Router& entry) { return entry.address == address; });
}

bool RouterLists::expire(Instant now) {
    if (now < deadline_) return false;
    bool changed = expire_list(routers_, router_count_, now);
    changed |= expire_list(prefixes_, prefix_count_, now);
    changed |= expire_list(dns_, dns_count_, now);
    if (now >= search_until_) {
        search_.clear();
        search_until_ = Instant::never();
        changed = true;
    }
    update_deadline();
    return changed;
}

const Router* RouterLists::best() const {
    const Router* chosen = nullptr;
    for (const Router& router : routers()) {
        if (!chosen || (chosen->silent && !router.silent) ||
            (chosen->silent == router.silent && router.preference > chosen->preference))
            chosen = &router;
    }
    return chosen;
}

void RouterLists::update_deadline() {
    deadline_ = Instant::never();
    for (const Router& router : routers()) deadline_ = std::min(deadline_, router.until);
    for (const OnLinkPrefix& prefix : prefixes()) deadline_ = std::min(deadline_, prefix.until);
    for (const DnsServer& server : dns()) deadline_ = std::min(deadline_, server.until);
    deadline_ = std::min(deadline_, search_until_);
}

}  // namespace holm::net::ndp
