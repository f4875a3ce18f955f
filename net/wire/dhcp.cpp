#include "net/wire/dhcp.h"

#include <algorithm>
#include <bit>

#include "net/wire/dhcp_layout.h"

namespace holm::net::wire {

using namespace dhcp;

namespace {

// A mask must be ones and then zeros; anything else is as good as none.
std::uint8_t prefix_length_of(std::uint32_t mask) {
    const int ones = std::countl_one(mask);
    return ones < 32 && mask << ones != 0 ? std::uint8_t{0} : std::uint8_t(ones);
}

struct Options {
    DhcpReply* reply;
    bool has_type = false;
    std::uint8_t overload = 0;
    bool has_search = false;  // the list, not only the domain

    void take(std::uint8_t kind, Bytes value) {
        switch (kind) {
            case kMessageType:
                if (value.size() != 1) return;
                reply->type = DhcpType(value[0]);
                has_type = true;
                return;
            case kOverload:
                if (value.size() == 1) overload = std::to_integer<std::uint8_t>(value[0]);
                return;
            case kSubnetMask:
                if (value.size() == 4) reply->prefix_length = prefix_length_of(load<NetU32>(value));
                return;
            case kRouter:
                return take_addresses(value, reply->routers);
            case kDns:
                return take_addresses(value, reply->dns);
            case kServer:
                if (value.size() == 4) reply->server = address_at(value);
                return;
            case kMtu:
                if (value.size() == 2) reply->mtu = load<NetU16>(value);
                return;
            case kSearch:
                if (!has_search) reply->search.clear();
                has_search = true;
                return reply->search.append(value);
            case kDomain:
                if (!has_search) reply->search.assign_text(value);
                return;
            case kLeaseTime:
                return take_seconds(value, reply->lease_seconds);
            case kRenewalTime:
                return take_seconds(value, reply->renewal_seconds);
            case kRebindingTime:
                return take_seconds(value, reply->rebinding_seconds);
            default:
                return;
        }
    }
    static void take_addresses(Bytes value, std::array<IpAddress, 2>& addresses) {
        if (value.size() % 4 != 0) return;
        for (std::size_t i = 0; i < std::min(value.size() / 4, addresses.size()); ++i)
            addresses[i] = address_at(value, i);
    }
    static void take_seconds(Bytes value, std::uint32_t& seconds) {
        if (value.size() == 4) seconds = load<NetU32>(value);
    }
    bool take_field(Bytes field) {
        return for_each_option(field, [this](std::uint8_t kind, Bytes value) { take(kind, value); });
    }
};

}  // namespace

Parsed<DhcpReply> DhcpReply::parse(Bytes message) {
    if (message.size() < sizeof(Layout)) return std::unexpected(Drop::kTruncated);
    const auto raw = load<Layout>(message);
    if (raw.operation != kBootReply || raw.hardware != 1 || raw.hardware_size != 6 || raw.magic != kMagic)
        return std::unexpected(Drop::kBadHardware);
    DhcpReply reply;
    reply.transaction = raw.transaction;
    reply.client = raw.client;
    reply.address = IpAddress::v4(std::uint32_t{raw.yours});
    Options options{&reply};
    if (!options.take_field(message.subspan(sizeof(Layout)))) return std::unexpected(Drop::kBadOption);
    // RFC 2131, section 4.1: "file" before "sname".
    if ((options.overload & 1) != 0 && !options.take_field(std::as_bytes(std::span(raw.file))))
        return std::unexpected(Drop::kBadOption);
    if ((options.overload & 2) != 0 && !options.take_field(std::as_bytes(std::span(raw.server_name))))
        return std::unexpected(Drop::kBadOption);
    if (!options.has_type) return std::unexpected(Drop::kBadOption);
    return reply;
}

void DhcpRequest::emit(MutableBytes bytes) const {
    bytes = bytes.first(kMaximumSize);
    std::fill(bytes.begin(), bytes.end(), std::byte{0});
    Layout raw{};
    raw.operation = kBootRequest;
    raw.hardware = 1;
    raw.hardware_size = 6;
    raw.transaction = transaction;
    raw.seconds = seconds;
    raw.flags = broadcast ? kBroadcastFlag : std::uint16_t{0};
    raw.current = current.to_v4();
    raw.client = client;
    raw.magic = kMagic;
    store(bytes, raw);

    // At most 3 + 9 + 6 + 6 + 4 + 11 + 1 = 40 of 60 bytes.
    OptionWriter options(bytes.subspan(sizeof(Layout)));
    options.put(kMessageType, {std::uint8_t(type)});
    const auto& mac = client.bytes;
    options.put(kClientIdentifier, {1, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]});
    if (requested) options.put(kRequestedAddress, *requested);
    if (server) options.put(kServer, *server);
    if (type == DhcpType::kDiscover || type == DhcpType::kRequest) {
        options.put(kMaximumMessage, {1500 >> 8, 1500 & 0xff});
        options.put(kParameters, {kSubnetMask, kRouter, kDns, kDomain, kSearch, kMtu, kLeaseTime,
                                  kRenewalTime, kRebindingTime});
    }
    options.put(kEnd);
}

}  // namespace holm::net::wire
