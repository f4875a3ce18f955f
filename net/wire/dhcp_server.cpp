#include "net/wire/dhcp_server.h"

#include "net/wire/dhcp_layout.h"

namespace holm::net::wire {

using namespace dhcp;

namespace {

struct QueryOptions {
    DhcpQuery* query;
    bool has_type = false;
    std::uint8_t overload = 0;

    void take(std::uint8_t kind, Bytes value) {
        switch (kind) {
            case kMessageType:
                if (value.size() != 1) return;
                query->type = DhcpType(value[0]);
                has_type = true;
                return;
            case kOverload:
                if (value.size() == 1) overload = std::to_integer<std::uint8_t>(value[0]);
                return;
            case kRequestedAddress:
                if (value.size() == 4) query->requested = address_at(value);
                return;
            case kServer:
                if (value.size() == 4) query->server = address_at(value);
                return;
            case kClientIdentifier:
                if (value.size() >= 2) query->identifier = value;
                return;
            default:
                return;
        }
    }
    bool take_field(Bytes field) {
        return for_each_option(field, [this](std::uint8_t kind, Bytes value) { take(kind, value); });
    }
};

}  // namespace

Parsed<DhcpQuery> DhcpQuery::parse(Bytes message) {
    if (message.size() < sizeof(Layout)) return std::unexpected(Drop::kTruncated);
    const auto raw = load<Layout>(message);
    if (raw.operation != kBootRequest || raw.hardware != 1 || raw.hardware_size != 6 || raw.magic != kMagic ||
        raw.client.is_multicast())
        return std::unexpected(Drop::kBadHardware);
    DhcpQuery query;
    query.transaction = raw.transaction;
    query.broadcast = (raw.flags & kBroadcastFlag) != 0;
    query.current = IpAddress::v4(std::uint32_t{raw.current});
    query.relay = IpAddress::v4(std::uint32_t{raw.relay});
    query.client = raw.client;
    QueryOptions options{&query};
    if (!options.take_field(message.subspan(sizeof(Layout)))) return std::unexpected(Drop::kBadOption);
    constexpr std::size_t kServerName = 44, kFile = 108;  // in the message
    if ((options.overload & 1) != 0 && !options.take_field(message.subspan(kFile, 128)))
        return std::unexpected(Drop::kBadOption);
    if ((options.overload & 2) != 0 && !options.take_field(message.subspan(kServerName, 64)))
        return std::unexpected(Drop::kBadOption);
    if (!options.has_type) return std::unexpected(Drop::kBadOption);
    return query;
}

std::size_t DhcpAnswer::emit(const DhcpQuery& query, MutableBytes bytes) const {
    bytes = bytes.first(kMaximumSize);
    std::fill(bytes.begin(), bytes.end(), std::byte{0});
    Layout raw{};
    raw.operation = kBootReply;
    raw.hardware = 1;
    raw.hardware_size = 6;
    raw.transaction = query.transaction;
    raw.flags = query.broadcast ? kBroadcastFlag : std::uint16_t{0};
    if (type == DhcpType::kAck) raw.current = query.current.to_v4();
    raw.yours = address.to_v4();
    raw.relay = query.relay.to_v4();
    raw.client = query.client;
    raw.magic = kMagic;
    store(bytes, raw);

    // At most 3 + 6 + 18 + 6 + 6 + 6 + 18 + 65 + 1 bytes of options.
    OptionWriter options(bytes.subspan(sizeof(Layout)));
    options.put(kMessageType, {std::uint8_t(type)});
    options.put(kServer, server);
    if (type != DhcpType::kNak) {
        if (lease_seconds) {
            const std::uint64_t seconds = *lease_seconds;
            options.put_number(kLeaseTime, *lease_seconds);
            options.put_number(kRenewalTime, std::uint32_t(seconds / 2));
            options.put_number(kRebindingTime, std::uint32_t(seconds * 7 / 8));
        }
        const std::uint32_t mask =
            prefix_length == 0 ? 0 : ~std::uint32_t{0} << (32 - std::uint32_t{prefix_length});
        options.put_number(kSubnetMask, mask);
        if (prefix_length <= 30) options.put_number(kBroadcast, server.to_v4() | ~mask);
        if (!router.is_unspecified()) options.put(kRouter, router);
        std::uint8_t servers = 0;
        for (const IpAddress& one : dns) servers += !one.is_unspecified();
        if (servers != 0) {
            options.put(kDns);
            options.put(std::uint8_t(servers * 4));
            for (const IpAddress& one : dns)
                if (!one.is_unspecified())
                    options.put_bytes(std::as_bytes(std::span(one.bytes())).subspan(12));
        }
        if (!domain.empty()) {
            options.put(kDomain);
            options.put(std::uint8_t(domain.size()));
            options.put_bytes(as_bytes(domain));
        }
    }
    options.put(kEnd);
    // Relays of old drop what is shorter than a BOOTP message.
    return std::max<std::size_t>(DhcpRequest::kMaximumSize, kMaximumSize - options.room());
}

}  // namespace holm::net::wire
