#include "net/wire/arp.h"

#include "base/network_order.h"
#include "net/wire/ethernet.h"
#include "net/wire/layout.h"

namespace holm::net::wire {

namespace {

constexpr std::uint16_t kHardwareEthernet = 1;

struct Layout {
    NetU16 hardware;
    NetU16 protocol;
    std::uint8_t hardware_size;
    std::uint8_t protocol_size;
    NetU16 operation;
    MacAddress sender_mac;
    NetU32 sender;
    MacAddress target_mac;
    NetU32 target;
};
static_assert(sizeof(Layout) == ArpMessage::kSize);

}  // namespace

Parsed<ArpMessage> ArpMessage::parse(Bytes payload) {
    if (payload.size() < kSize) return std::unexpected(Drop::kTruncated);
    const auto raw = load<Layout>(payload);
    if (raw.hardware != kHardwareEthernet || raw.protocol != kEtherTypeIpv4 || raw.hardware_size != 6 ||
        raw.protocol_size != 4)
        return std::unexpected(Drop::kBadHardware);
    if (raw.operation != std::uint16_t(Operation::kRequest) &&
        raw.operation != std::uint16_t(Operation::kReply))
        return std::unexpected(Drop::kBadOption);
    return ArpMessage{Operation(std::uint16_t(raw.operation)), raw.sender_mac, IpAddress::v4(raw.sender),
                      raw.target_mac, IpAddress::v4(raw.target)};
}

void ArpMessage::emit(MutableBytes bytes) const {
    store(bytes, Layout{kHardwareEthernet, kEtherTypeIpv4, 6, 4, std::uint16_t(operation), sender_mac,
                        sender.to_v4(), target_mac, target.to_v4()});
}

}  // namespace holm::net::wire
