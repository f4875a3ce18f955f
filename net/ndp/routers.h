#pragma once

// What routers advertise to one interface, beside addresses: themselves as a way out, the prefixes that are
// on the link, DNS servers (RFC 4861, sections 5.1 and 6.3.4; RFC 4191; RFC 8106).
//
// Bounds: kRouters, kPrefixes, kDns. When a list is full what is new is not taken: an established router is
// not driven out by a flood of others.

#include <array>
#include <cstdint>
#include <span>

#include "base/instant.h"
#include "net/address.h"
#include "net/wire/domain_list.h"
#include "net/wire/ndp.h"

namespace holm::net::ndp {

struct Router {
    IpAddress address;  // of link scope, with its zone
    std::int8_t preference = 0;
    bool silent = false;  // did not answer lately: others are preferred (section 6.3.6)
    Instant until;
};

struct OnLinkPrefix {
    IpAddress prefix;
    std::uint8_t length = 0;
    Instant until;
};

struct DnsServer {
    IpAddress address;
    Instant until;
};

class RouterLists {
  public:
    static constexpr std::size_t kRouters = 4;
    static constexpr std::size_t kPrefixes = 16;
    static constexpr std::size_t kDns = 4;

    // Each returns whether something changed that others must know.
    bool learn_router(Instant now, const IpAddress& router, std::int8_t preference, std::uint16_t seconds);
    bool learn_prefix(Instant now, const IpAddress& prefix, std::uint8_t length, std::uint32_t seconds);
    bool learn_dns(Instant now, const IpAddress& server, std::uint32_t seconds);
    // The search list that was named last: routers of one link agree, or the last one is right.
    bool learn_search(Instant now, Bytes names, std::uint32_t seconds);
    // A router answers or does not; `lost`: it is none any more.
    bool mark(const IpAddress& router, bool silent);
    bool forget(const IpAddress& router);
    bool expire(Instant now);
    Instant next_deadline() const { return deadline_; }

    // The router to send through, or null.
    const Router* best() const;
    std::span<const Router> routers() const { return {routers_.data(), router_count_}; }
    std::span<const OnLinkPrefix> prefixes() const { return {prefixes_.data(), prefix_count_}; }
    std::span<const DnsServer> dns() const { return {dns_.data(), dns_count_}; }
    const wire::DomainList& search() const { return search_; }

  private:
    void update_deadline();

    std::array<Router, kRouters> routers_;
    std::array<OnLinkPrefix, kPrefixes> prefixes_;
    std::array<DnsServer, kDns> dns_;
    wire::DomainList search_;
    Instant search_until_ = Instant::never();
    std::size_t router_count_ = 0;
    std::size_t prefix_count_ = 0;
    std::size_t dns_count_ = 0;
    Instant deadline_ = Instant::never();
};

// A lifetime as it is written in messages: all ones is for ever.
Instant lifetime_end(Instant now, std::uint32_t seconds);

}  // namespace holm::net::ndp
