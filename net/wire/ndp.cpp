#include "net/wire/ndp.h"

#include <algorithm>

#include "base/network_order.h"
#include "net/wire/icmpv6.h"
#include "net/wire/layout.h"

namespace holm::net::wire {

namespace {

using RawAddress = std::array<std::uint8_t, 16>;

enum Option : std::uint8_t {
    kSourceMac = 1,
    kTargetMac = 2,
    kPrefix = 3,
    kRedirectedHeader = 4,
    kMtu = 5,
    kNonce = 14,
    kDnsServers = 25,
    kSearch = 31,
};

struct NeighborLayout {  // solicitation and advertisement
    std::uint8_t type, code;
    NetU16 checksum;
    NetU32 flags;
    RawAddress target;
};
static_assert(sizeof(NeighborLayout) == 24);

struct RouterLayout {
    std::uint8_t type, code;
    NetU16 checksum;
    std::uint8_t hop_limit, flags;
    NetU16 lifetime;
    NetU32 reachable, retransmit;
};
static_assert(sizeof(RouterLayout) == 16);

struct RedirectLayout {
    std::uint8_t type, code;
    NetU16 checksum;
    NetU32 reserved;
    RawAddress target, destination;
};
static_assert(sizeof(RedirectLayout) == 40);

struct PrefixLayout {
    std::uint8_t type, units, length, flags;
    NetU32 valid, preferred, reserved;
    RawAddress prefix;
};
static_assert(sizeof(PrefixLayout) == 32);

struct MacOption {
    std::uint8_t type, units;
    MacAddress mac;
};
static_assert(sizeof(MacOption) == 8);

constexpr std::uint32_t kRouterFlag = 0x8000'0000, kSolicitedFlag = 0x4000'0000, kOverrideFlag = 0x2000'0000;

// Calls visit(type, option) for each option; false if their lengths do not add up (a length of zero is what
// RFC 4861, section 4.6 tells to drop the packet for).
template <typename Visit>
bool for_each_option(Bytes options, Visit visit) {
    while (!options.empty()) {
        if (options.size() < 2) return false;
        const std::size_t size = std::to_integer<std::size_t>(options[1]) * 8;
        if (size == 0 || size > options.size()) return false;
        visit(std::to_integer<std::uint8_t>(options[0]), options.first(size));
        options = options.subspan(size);
    }
    return true;
}

void take_mac(Bytes option, std::optional<MacAddress>& mac) {
    const MacAddress written = load<MacOption>(option).mac;
    if (!written.is_multicast()) mac = written;
}

// An address in a message as ours are; nothing if it is an IPv4-mapped one, which only confuses.
std::optional<IpAddress> address_of(const RawAddress& raw) {
    const IpAddress address = IpAddress::v6(raw);
    if (address.is_v4()) return std::nullopt;
    return address;
}

std::size_t emit_mac(MutableBytes bytes, std::size_t at, Option type, const std::optional<MacAddress>& mac) {
    if (!mac) return at;
    store(bytes.subspan(at), MacOption{type, 1, *mac});
    return at + sizeof(MacOption);
}

template <typename Layout>
Parsed<Layout> load_message(Bytes message) {
    if (message.size() < sizeof(Layout)) return std::unexpected(Drop::kTruncated);
    const auto raw = load<Layout>(message);
    if (raw.code != 0) return std::unexpected(Drop::kBadOption);
    return raw;
}

}  // namespace

std::size_t RouterSolicitation::emit(MutableBytes bytes) const {
    Icmpv6Header{Icmpv6Type::kRouterSolicitation, 0, 0}.emit(bytes);
    return emit_mac(bytes, Icmpv6Header::kSize, kSourceMac, source_mac);
}

Parsed<RouterAdvertisement> RouterAdvertisement::parse(Bytes message) {
    const auto raw = load_message<RouterLayout>(message);
    if (!raw) return std::unexpected(raw.error());
    RouterAdvertisement parsed;
    parsed.hop_limit = raw->hop_limit;
    parsed.managed = (raw->flags & 0x80) != 0;
    parsed.other = (raw->flags & 0x40) != 0;
    const unsigned preference = raw->flags >> 3 & 3;
    parsed.preference = preference == 1 ? 1 : preference == 3 ? -1 : 0;  // RFC 4191: reserved is medium
    parsed.lifetime_seconds = raw->lifetime;
    parsed.reachable_milliseconds = raw->reachable;
    parsed.retransmit_milliseconds = raw->retransmit;
    const bool sound = for_each_option(message.subspan(sizeof(RouterLayout)), [&](auto type, Bytes option) {
        if (type == kSourceMac && option.size() == 8) {
            take_mac(option, parsed.source_mac);
        } else if (type == kMtu && option.size() == 8) {
            parsed.mtu = load<NetU32>(option.subspan(4));
        } else if (type == kPrefix && option.size() == sizeof(PrefixLayout)) {
            const auto prefix = load<PrefixLayout>(option);
            const auto address = address_of(prefix.prefix);
            if (!address || prefix.length > 128 || parsed.prefix_count == kPrefixes) return;
            parsed.prefixes[parsed.prefix_count++] = {
                *address,     prefix.length,   (prefix.flags & 0x80) != 0, (prefix.flags & 0x40) != 0,
                prefix.valid, prefix.preferred};
        } else if (type == kSearch && option.size() >= 16 && parsed.search.empty()) {
            parsed.search_seconds = load<NetU32>(option.subspan(4));
            parsed.search = option.subspan(8);
        } else if (type == kDnsServers && option.size() >= 24) {
            const std::uint32_t seconds = load<NetU32>(option.subspan(4));
            for (Bytes rest = option.subspan(8); rest.size() >= 16 && parsed.dns_count < kDns;
                 rest = rest.subspan(16)) {
                const auto address = address_of(load<RawAddress>(rest));
                if (!address || address->is_multicast() || address->is_unspecified()) continue;
                parsed.dns[parsed.dns_count] = *address;
                parsed.dns_seconds[parsed.dns_count++] = seconds;
            }
        }
    });
    if (!sound) return std::unexpected(Drop::kBadOption);
    return parsed;
}

std::size_t RouterAdvertisement::emit(MutableBytes bytes) const {
    const unsigned preferred = preference > 0 ? 1 : preference < 0 ? 3 : 0;
    const auto flags = std::uint8_t((managed ? 0x80 : 0) | (other ? 0x40 : 0) | preferred << 3);
    store(bytes, RouterLayout{std::uint8_t(Icmpv6Type::kRouterAdvertisement), 0, 0, hop_limit, flags,
                              lifetime_seconds, reachable_milliseconds, retransmit_milliseconds});
    std::size_t size = emit_mac(bytes, sizeof(RouterLayout), kSourceMac, source_mac);
    struct WordOption {
        std::uint8_t type, units;
        NetU16 reserved;
        NetU32 value;
    };
    if (mtu != 0) {
        store(bytes.subspan(size), WordOption{kMtu, 1, 0, mtu});
        size += sizeof(WordOption);
    }
    for (const PrefixInformation& prefix : std::span(prefixes).first(prefix_count)) {
        const auto prefix_flags = std::uint8_t((prefix.on_link ? 0x80 : 0) | (prefix.autonomous ? 0x40 : 0));
        store(bytes.subspan(size), PrefixLayout{kPrefix, 4, prefix.length, prefix_flags, prefix.valid_seconds,
                                                prefix.preferred_seconds, 0, prefix.prefix.bytes()});
        size += sizeof(PrefixLayout);
    }
    if (dns_count == 0) return size;
    store(bytes.subspan(size), WordOption{kDnsServers, std::uint8_t(1 + 2 * dns_count), 0, dns_seconds[0]});
    size += sizeof(WordOption);
    for (const IpAddress& server : std::span(dns).first(dns_count)) {
        store(bytes.subspan(size), server.bytes());
        size += sizeof(RawAddress);
    }
    return size;
}

Parsed<NeighborSolicitation> NeighborSolicitation::parse(Bytes message) {
    const auto raw = load_message<NeighborLayout>(message);
    if (!raw) return std::unexpected(raw.error());
    NeighborSolicitation parsed;
    const auto target = address_of(raw->target);
    if (!target || target->is_multicast()) return std::unexpected(Drop::kBadOption);
    parsed.target = *target;
    const bool sound = for_each_option(message.subspan(sizeof(NeighborLayout)), [&](auto type, Bytes option) {
        if (type == kSourceMac && option.size() == 8) take_mac(option, parsed.source_mac);
        if (type == kNonce && option.size() == 8) parsed.nonce = load<NdpNonce>(option.subspan(2));
    });
    if (!sound) return std::unexpected(Drop::kBadOption);
    return parsed;
}

std::size_t NeighborSolicitation::emit(MutableBytes bytes) const {
    store(bytes, NeighborLayout{std::uint8_t(Icmpv6Type::kNeighborSolicitation), 0, 0, 0, target.bytes()});
    std::size_t size = emit_mac(bytes, sizeof(NeighborLayout), kSourceMac, source_mac);
    if (nonce) {
        struct NonceOption {
            std::uint8_t type, units;
            NdpNonce nonce;
        };
        store(bytes.subspan(size), NonceOption{kNonce, 1, *nonce});
        size += sizeof(NonceOption);
    }
    return size;
}

Parsed<NeighborAdvertisement> NeighborAdvertisement::parse(Bytes message) {
    const auto raw = load_message<NeighborLayout>(message);
    if (!raw) return std::unexpected(raw.error());
    NeighborAdvertisement parsed;
    const auto target = address_of(raw->target);
    if (!target || target->is_multicast()) return std::unexpected(Drop::kBadOption);
    parsed.target = *target;
    const std::uint32_t flags = raw->flags;
    parsed.router = (flags & kRouterFlag) != 0;
    parsed.solicited = (flags & kSolicitedFlag) != 0;
    parsed.overrides = (flags & kOverrideFlag) != 0;
    const bool sound = for_each_option(message.subspan(sizeof(NeighborLayout)), [&](auto type, Bytes option) {
        if (type == kTargetMac && option.size() == 8) take_mac(option, parsed.target_mac);
    });
    if (!sound) return std::unexpected(Drop::kBadOption);
    return parsed;
}

std::size_t NeighborAdvertisement::emit(MutableBytes bytes) const {
    const std::uint32_t flags =
        (router ? kRouterFlag : 0) | (solicited ? kSolicitedFlag : 0) | (overrides ? kOverrideFlag : 0);
    store(bytes,
          NeighborLayout{std::uint8_t(Icmpv6Type::kNeighborAdvertisement), 0, 0, flags, target.bytes()});
    return emit_mac(bytes, sizeof(NeighborLayout), kTargetMac, target_mac);
}

Parsed<Redirect> Redirect::parse(Bytes message) {
    const auto raw = load_message<RedirectLayout>(message);
    if (!raw) return std::unexpected(raw.error());
    const auto target = address_of(raw->target), destination = address_of(raw->destination);
    if (!target || !destination || destination->is_multicast()) return std::unexpected(Drop::kBadOption);
    Redirect parsed{*target, *destination, std::nullopt};
    const bool sound = for_each_option(message.subspan(sizeof(RedirectLayout)), [&](auto type, Bytes option) {
        if (type == kTargetMac && option.size() == 8) take_mac(option, parsed.target_mac);
    });
    if (!sound) return std::unexpected(Drop::kBadOption);
    // Section 8.1: a router's link-local address, or the destination itself, which is on the link.
    if (!parsed.target.is_link_local() && parsed.target != parsed.destination)
        return std::unexpected(Drop::kBadSource);
    return parsed;
}

std::size_t Redirect::emit(MutableBytes bytes, Bytes about) const {
    store(bytes,
          RedirectLayout{std::uint8_t(Icmpv6Type::kRedirect), 0, 0, 0, target.bytes(), destination.bytes()});
    std::size_t size = emit_mac(bytes, sizeof(RedirectLayout), kTargetMac, target_mac);
    // Eight bytes in front, whole units of eight, as many as the field can say (section 4.6.3).
    const std::size_t room = std::min<std::size_t>(bytes.size() - size, 255 * 8) & ~std::size_t{7};
    const std::size_t quoted = std::min(about.size(), room - 8) & ~std::size_t{7};
    std::fill_n(bytes.begin() + std::ptrdiff_t(size), 8, std::byte{0});
    bytes[size] = std::byte{kRedirectedHeader};
    bytes[size + 1] = std::byte(quoted / 8 + 1);
    std::ranges::copy(about.first(quoted), bytes.begin() + std::ptrdiff_t(size + 8));
    return size + 8 + quoted;
}

}  // namespace holm::net::wire
