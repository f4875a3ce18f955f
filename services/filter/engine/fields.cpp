// What rules can ask of a packet: its fields, as numbers.

#include "services/filter/engine/evaluator.h"

namespace holm::filter {

namespace {

std::uint64_t be16(const std::uint8_t* at) {
    return std::uint64_t{at[0]} << 8 | at[1];
}

std::uint64_t be32(const std::uint8_t* at) {
    return be16(at) << 16 | be16(at + 2);
}

}  // namespace

Subject::Subject(packet::Packet& of)
    : packet(of),
      network(reinterpret_cast<const std::uint8_t*>(of.network().data())),
      transport(reinterpret_cast<const std::uint8_t*>(of.transport().data())),
      length(std::uint32_t(of.network().size())),
      transport_length(of.fragment().offset == 0 ? std::uint32_t(of.transport().size()) : 0) {}

bool Evaluator::load_other(Field field, const Subject& subject, std::uint64_t& value) {
    const std::uint8_t* ip = subject.network;
    const std::uint8_t* th = subject.transport;
    const bool is_v4 = subject.packet.is_v4();
    const auto v4 = [&](std::uint64_t found) { return value = found, is_v4; };
    const auto v6 = [&](std::uint64_t found) { return value = found, !is_v4; };
    // A transport's field is there if the protocol is the right one and the packet is long enough.
    const auto byte_of = [&](std::uint8_t protocol, std::size_t at) {
        if (subject.packet.protocol() != protocol || subject.transport_length < at + 1) return false;
        value = th[at];
        return true;
    };
    const auto word_of = [&](std::uint8_t protocol, std::size_t at) {
        if (subject.packet.protocol() != protocol || subject.transport_length < at + 2) return false;
        value = be16(th + at);
        return true;
    };
    switch (field) {
        case Field::kIpSource:
            return v4(be32(ip + 12));
        case Field::kIpDestination:
            return v4(be32(ip + 16));
        case Field::kIpProtocol:
            return v4(ip[9]);
        case Field::kIpTtl:
            return v4(ip[8]);
        case Field::kIpLength:
            return v4(be16(ip + 2));
        case Field::kIpDscp:
            return v4(ip[1] >> 2U);
        case Field::kIpId:
            return v4(be16(ip + 4));
        case Field::kIp6NextHeader:
            return v6(ip[6]);
        case Field::kIp6HopLimit:
            return v6(ip[7]);
        case Field::kIp6Length:
            return v6(be16(ip + 4));
        case Field::kIp6Dscp:
            return v6((be16(ip) >> 6U) & 0x3f);
        case Field::kIp6FlowLabel:
            return v6(be32(ip) & 0xfffff);
        case Field::kTcpSource:
            return word_of(packet::kTcp, 0);
        case Field::kTcpDestination:
            return word_of(packet::kTcp, 2);
        case Field::kTcpFlags:
            return byte_of(packet::kTcp, 13);
        case Field::kTcpWindow:
            return word_of(packet::kTcp, 14);
        case Field::kUdpSource:
            return word_of(packet::kUdp, 0);
        case Field::kUdpDestination:
            return word_of(packet::kUdp, 2);
        case Field::kUdpLength:
            return word_of(packet::kUdp, 4);
        case Field::kThSource:
            if (subject.transport_length < 2) return false;
            value = be16(th);
            return true;
        case Field::kThDestination:
            if (subject.transport_length < 4) return false;
            value = be16(th + 2);
            return true;
        case Field::kIcmpType:
            return is_v4 && byte_of(packet::kIcmp, 0);
        case Field::kIcmpCode:
            return is_v4 && byte_of(packet::kIcmp, 1);
        case Field::kIcmpv6Type:
            return !is_v4 && byte_of(packet::kIcmpv6, 0);
        case Field::kIcmpv6Code:
            return !is_v4 && byte_of(packet::kIcmpv6, 1);
        case Field::kMetaL4proto:
            value = subject.packet.protocol();
            return true;
        case Field::kMetaNfproto:
            value = is_v4 ? 2 : 10;
            return true;
        case Field::kMetaMark:
            value = subject.packet.mark;
            return true;
        case Field::kMetaLength:
            value = subject.length;
            return true;
        case Field::kCtState:
            value = subject.state;
            return true;
        case Field::kCtStatus:
            value = subject.status;
            return subject.connection_mark != nullptr;
        case Field::kCtMark:
            value = subject.connection_mark != nullptr ? *subject.connection_mark : 0;
            return subject.connection_mark != nullptr;
        case Field::kCtDirection:
            value = subject.reply ? 1 : 0;
            return subject.connection_mark != nullptr;
        default:
            return false;
    }
}

const std::uint8_t* Evaluator::load_wide(Field field, const Subject& subject) {
    if (subject.packet.is_v4()) return nullptr;
    return subject.network + (field == Field::kIp6Source ? 8 : 24);
}

}  // namespace holm::filter
