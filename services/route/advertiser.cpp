#include "services/route/advertiser.h"

#include <algorithm>

#include "net/wire/icmpv6.h"

namespace holm::route {

using net::IpAddress;

namespace {

constexpr IpAddress kAllNodes = IpAddress::v6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
constexpr IpAddress kAllRouters = IpAddress::v6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2});
constexpr std::uint8_t kHopLimit = 64;

}  // namespace

Advertiser::Advertiser(Instant now, const AdvertisementRecord& record, const Table& table,
                       net::link::Interface& interface, const SipHashKey& key)
    : interface_(interface),
      interval_(Duration::seconds(std::max<std::uint32_t>(record.interval_seconds, 4))),
      random_(key),
      next_(now) {
    message_.hop_limit = kHopLimit;
    message_.managed = record.managed != 0;
    message_.other = record.other != 0;
    message_.preference = record.preference;
    message_.lifetime_seconds = record.lifetime_seconds;
    message_.source_mac = interface.mac();
    message_.mtu = interface.mtu_v6();
    for (std::uint32_t i = 0; i < record.prefix_count && message_.prefix_count < message_.prefixes.size();
         ++i) {
        const auto prefix = table.advertised_prefixes().at(std::size_t{record.first_prefix} + i);
        if (!prefix) break;
        message_.prefixes[message_.prefix_count++] = {
            prefix->prefix.get(),    prefix->length,        true,
            prefix->autonomous != 0, prefix->valid_seconds, prefix->preferred_seconds};
    }
    for (const StoredAddress& server : record.dns) {
        const IpAddress address = server.get();
        if (address == IpAddress() || message_.dns_count == message_.dns.size()) continue;
        message_.dns[message_.dns_count] = address;
        // RFC 8106, section 5.1: three intervals.
        message_.dns_seconds[message_.dns_count++] = 3 * record.interval_seconds;
    }
    interface.listeners(kAllRouters).join(now, kAllRouters.with_zone(interface.zone()));
}

void Advertiser::hear(Instant now, Bytes message, std::uint8_t hop_limit) {
    // Section 6.1.1.
    const auto header = net::wire::Icmpv6Header::parse(message);
    if (!header || header->type != net::wire::Icmpv6Type::kRouterSolicitation || header->code != 0 ||
        hop_limit != 255)
        return;
    const auto delay =
        Duration::nanoseconds(std::int64_t(random_.below(std::uint64_t(kLongestDelay.as_nanoseconds()))));
    Instant due = now + delay;
    // Section 6.2.6: one to all answers many, and not more often than this.
    if (last_) due = std::max(due, *last_ + kShortestBetween);
    next_ = std::min(next_, due);
}

void Advertiser::transmit(Instant now) {
    if (now < next_) return;
    if (interface_.ipv6().link_local().is_unspecified()) {
        next_ = now + Duration::seconds(1);  // its address is being tried
        return;
    }
    send(now);
    last_ = now;
    // Section 6.2.4: between a third of the interval and all of it; the first ones sooner.
    const Duration least = std::max(interval_ / 3, kShortestBetween);
    const std::int64_t spread = std::max<std::int64_t>((interval_ - least).as_nanoseconds(), 1);
    Duration wait = least + Duration::nanoseconds(std::int64_t(random_.below(std::uint64_t(spread))));
    if (++sent_ < kInitialAdvertisements) wait = std::min(wait, kLongestInitialInterval);
    next_ = now + wait;
}

void Advertiser::leave(Instant now) {
    if (!last_) return;
    message_.lifetime_seconds = 0;
    // Nor are names looked up at servers behind it (RFC 8106, section 5.1). Addresses stay good: hosts of the
    // link still reach each other by them.
    message_.dns_seconds.fill(0);
    send(now);
}

void Advertiser::send(Instant now) {
    std::array<std::byte, net::wire::RouterAdvertisement::kMaximumSize> bytes;
    const std::size_t size = message_.emit(bytes);
    interface_.send_ndp_message(now, kAllNodes, MutableBytes(bytes).first(size));
}

}  // namespace holm::route
