#pragma once

// A network device that remembers what it was given, and frames written as a test wants to read them.

#include <deque>
#include <optional>
#include <vector>

#include "base/checksum.h"
#include "net/frame.h"
#include "net/ip/pseudo_header.h"
#include "net/stack.h"
#include "net/wire/arp.h"
#include "net/wire/ethernet.h"
#include "net/wire/icmpv4.h"
#include "net/wire/ipv4.h"
#include "net/wire/udp.h"

namespace holm::net::testing {

using Frame = std::vector<std::byte>;

inline Frame bytes_of(std::string_view text) {
    const Bytes bytes = as_bytes(text);
    return {bytes.begin(), bytes.end()};
}

inline Frame operator+(Frame left, const Frame& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

class FakeDevice final : public LinkDevice {
  public:
    TransmitResult transmit(const OutgoingFrame& frame) override {
        if (gone) return TransmitResult::kGone;
        if (room == 0) return TransmitResult::kFull;
        --room;
        Frame whole;
        for (const Bytes piece : frame.pieces) whole.insert(whole.end(), piece.begin(), piece.end());
        frames.push_back(whole);
        offloads.push_back(frame.offload);
        return TransmitResult::kSent;
    }
    DeviceCapabilities capabilities() const override { return what; }

    // The oldest frame that has not been looked at yet; an empty one if there is none.
    Frame take() {
        if (frames.empty()) return {};
        Frame frame = frames.front();
        frames.pop_front();
        offload = offloads.front();
        offloads.pop_front();
        return frame;
    }

    DeviceCapabilities what;
    std::size_t room = 1'000'000;  // frames until it is full
    bool gone = false;
    std::deque<Frame> frames;
    std::deque<Offload> offloads;
    Offload offload;  // of the frame taken last
};

struct Noted final : Observer {
    void notify() override { ++times; }
    int times = 0;
};

// The other end of the link.
struct Peer {
    MacAddress mac;
    IpAddress address;
};

inline Frame ethernet_frame(MacAddress destination, MacAddress source, std::uint16_t type,
                            const Frame& payload) {
    Frame frame(wire::EthernetHeader::kSize);
    wire::EthernetHeader{destination, source, type}.emit(frame);
    return frame + payload;
}

inline Frame arp_message(const wire::ArpMessage& message) {
    Frame bytes(wire::ArpMessage::kSize);
    message.emit(bytes);
    return bytes;
}

inline Frame ipv4_packet(wire::Ipv4Header header, const Frame& payload) {
    header.total_length = std::uint16_t(wire::Ipv4Header::kSize + payload.size());
    Frame bytes(wire::Ipv4Header::kSize);
    header.emit(bytes);
    return bytes + payload;
}

inline Frame udp_datagram(const Endpoint& source, const Endpoint& destination, const Frame& payload) {
    Frame bytes(wire::UdpHeader::kSize);
    wire::UdpHeader{source.port, destination.port, std::uint16_t(bytes.size() + payload.size())}.emit(bytes);
    bytes = bytes + payload;
    const std::uint16_t checksum =
        ip::pseudo_header(source.address, destination.address, ip::Protocol::kUdp, bytes.size())
            .add(bytes)
            .value();
    bytes[6] = std::byte(checksum >> 8);
    bytes[7] = std::byte(checksum);
    return bytes;
}

inline Frame icmp_message(const wire::Icmpv4Header& header, const Frame& payload) {
    Frame bytes(wire::Icmpv4Header::kSize);
    header.emit(bytes);
    bytes = bytes + payload;
    const std::uint16_t checksum = InternetChecksum().add(bytes).value();
    bytes[2] = std::byte(checksum >> 8);
    bytes[3] = std::byte(checksum);
    return bytes;
}

// A stack with one interface 10.0.0.2/24, gateway 10.0.0.1, announcements already sent, and a peer 10.0.0.9
// on the link.
struct Host {
    static constexpr MacAddress kMac{{2, 0, 0, 0, 0, 2}};
    static constexpr IpAddress kAddress = IpAddress::v4(10, 0, 0, 2);
    static constexpr Peer kPeer{{{2, 0, 0, 0, 0, 9}}, IpAddress::v4(10, 0, 0, 9)};
    static constexpr Peer kGateway{{{2, 0, 0, 0, 0, 1}}, IpAddress::v4(10, 0, 0, 1)};

    explicit Host(const DeviceCapabilities& capabilities = {}) : stack(Stack::Configuration{}) {
        device.what = capabilities;
        InterfaceConfiguration configuration;
        configuration.mac = kMac;
        configuration.address = kAddress;
        configuration.prefix_length = 24;
        configuration.gateway = kGateway.address;
        interface = *stack.add_interface(now, device, configuration);
        stack.transmit(now);
        wait(link::AddressGuard::kAnnounceInterval);
        device.frames.clear();
        device.offloads.clear();
    }

    void wait(Duration time) {
        now = now + time;
        stack.transmit(now);
    }
    // A frame arrives, and the stack sends what it has to say.
    void receive(const Frame& frame, const Offload& offload = {}) {
        stack.receive(now, *interface, {frame, offload, nullptr});
        stack.transmit(now);
    }
    void receive_arp(const wire::ArpMessage& message, MacAddress destination = kMac) {
        receive(ethernet_frame(destination, message.sender_mac, wire::kEtherTypeArp, arp_message(message)));
    }
    // The peer answers a request for its address, whoever asks.
    void resolve(const Peer& peer) {
        receive_arp({wire::ArpMessage::Operation::kReply, peer.mac, peer.address, kMac, kAddress});
    }
    // Both ends know each other.
    void know(const Peer& peer) {
        receive_arp({wire::ArpMessage::Operation::kRequest, peer.mac, peer.address, {}, kAddress});
        device.take();
    }
    wire::Ipv4Header from(const Peer& peer, ip::Protocol protocol, IpAddress destination = kAddress) const {
        wire::Ipv4Header header;
        header.source = peer.address;
        header.destination = destination;
        header.protocol = std::uint8_t(protocol);
        return header;
    }
    void receive_ip(const wire::Ipv4Header& header, const Frame& payload, const Offload& offload = {}) {
        receive(ethernet_frame(kMac, kPeer.mac, wire::kEtherTypeIpv4, ipv4_packet(header, payload)), offload);
    }
    void receive_udp(const Endpoint& source, const Endpoint& destination, std::string_view text) {
        auto header = from(kPeer, ip::Protocol::kUdp, destination.address);
        header.source = source.address;
        receive_ip(header, udp_datagram(source, destination, bytes_of(text)));
    }

    Instant now;
    FakeDevice device;
    Stack stack;
    Interface* interface;
};

// A frame that the stack sent, taken apart; the checks of the wire formats have passed.
struct Sent {
    wire::EthernetHeader ethernet;
    wire::Ipv4Header ip;
    Frame payload;  // of IP
};

inline std::optional<wire::ArpMessage> sent_arp(const Frame& frame) {
    const auto header = wire::EthernetHeader::parse(frame);
    if (!header || header->type != wire::kEtherTypeArp) return std::nullopt;
    const auto message = wire::ArpMessage::parse(Bytes(frame).subspan(wire::EthernetHeader::kSize));
    if (!message) return std::nullopt;
    return *message;
}

inline std::optional<Sent> sent_ip(const Frame& frame) {
    const auto header = wire::EthernetHeader::parse(frame);
    if (!header || header->type != wire::kEtherTypeIpv4) return std::nullopt;
    const Bytes packet = Bytes(frame).subspan(wire::EthernetHeader::kSize);
    const auto ip = wire::Ipv4Header::parse(packet);
    if (!ip || ip->total_length != packet.size()) return std::nullopt;
    const Bytes payload = packet.subspan(ip->header_length);
    return Sent{*header, *ip, Frame(payload.begin(), payload.end())};
}

}  // namespace holm::net::testing
