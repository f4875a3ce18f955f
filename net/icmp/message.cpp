#include "net/icmp/message.h"

#include "net/wire/icmpv4.h"
#include "net/wire/icmpv6.h"

namespace holm::net::icmp {

void send(ip::Layer& ip, Instant now, const Message& message, link::Urgency urgency) {
    std::byte header[wire::Icmpv6Header::kSize];
    wire::Icmpv6Header{wire::Icmpv6Type(message.type), message.code, message.value}.emit(header);
    ip::Packet packet;
    packet.protocol = message.destination.is_v4() ? ip::Protocol::kIcmp : ip::Protocol::kIcmpv6;
    packet.source = message.source;
    packet.destination = message.destination;
    packet.header = header;
    packet.checksum_offset = wire::Icmpv6Header::kChecksumOffset;
    packet.payload = {&message.payload, 1};
    packet.dont_fragment = false;
    packet.traffic_class = message.traffic_class;
    ip.send(now, packet, urgency, nullptr);
}

Result<> send_echo_request(ip::Layer& ip, Instant now, const IpAddress& destination, std::uint16_t identifier,
                           std::uint16_t sequence, Bytes payload) {
    if (payload.size() > ip::kMaximumTransport - wire::Icmpv6Header::kSize)
        return fail(ErrorCode::kMessageSize, "an echo request carries at most 65507 bytes");
    const ip::Route route = TRY(ip.route(destination, {}));
    Message message;
    message.type = destination.is_v4() ? std::uint8_t(wire::Icmpv4Type::kEchoRequest)
                                       : std::uint8_t(wire::Icmpv6Type::kEchoRequest);
    message.value = std::uint32_t{identifier} << 16 | sequence;
    message.source = route.source;
    message.destination = destination;
    message.payload = payload;
    send(ip, now, message, link::Urgency::kNow);
    return {};
}

}  // namespace holm::net::icmp
