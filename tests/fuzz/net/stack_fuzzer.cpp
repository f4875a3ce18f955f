// A host with sockets on a link full of hostile frames, which is a trunk with a VLAN whose address is leased.
// The input is a run of steps: two bytes of length and kind, then a frame. Kinds: the frame as it is; an IPv4
// packet, to the host or to a group, or an ARP message whose addresses, lengths and checksums are made right,
// so that the fuzzer gets past them; an IPv4 packet or a DHCP server's message for the VLAN; or time that
// goes by.

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "tests/support/fake_link.h"

using namespace holm;
using namespace holm::net;
using namespace holm::net::testing;

namespace {

void put_word(Frame& frame, std::size_t at, std::uint16_t word) {
    if (at + 2 > frame.size()) return;
    frame[at] = std::byte(word >> 8);
    frame[at + 1] = std::byte(word);
}

void put_address(Frame& frame, std::size_t at, const IpAddress& address) {
    put_word(frame, at, std::uint16_t(address.to_v4() >> 16));
    put_word(frame, at + 2, std::uint16_t(address.to_v4()));
}

constexpr IpAddress kGroup = IpAddress::v4(239, 1, 2, 3);
constexpr IpAddress kAllHosts = IpAddress::v4(224, 0, 0, 1);

// Lengths and checksums as they must be; everything else stays.
void repair_ipv4(Frame& packet, bool fragment, const IpAddress& destination = Host::kAddress) {
    if (packet.size() < 28) return;
    packet[0] = std::byte{0x45};
    put_word(packet, 2, std::uint16_t(packet.size()));
    if (!fragment) put_word(packet, 6, 0);
    put_address(packet, 12, Host::kPeer.address);
    put_address(packet, 16, destination);
    const Bytes payload = Bytes(packet).subspan(20);
    const auto protocol = ip::Protocol(packet[9]);
    if (protocol == ip::Protocol::kUdp) put_word(packet, 24, std::uint16_t(payload.size()));
    const bool plain = protocol == ip::Protocol::kIcmp || protocol == ip::Protocol::kIgmp;
    const std::size_t field = plain ? 22 : protocol == ip::Protocol::kUdp ? 26 : 36;
    put_word(packet, field, 0);
    InternetChecksum sum;
    if (!plain) sum = ip::pseudo_header(Host::kPeer.address, destination, protocol, payload.size());
    put_word(packet, field, sum.add(payload).value());
    put_word(packet, 10, 0);
    put_word(packet, 10, InternetChecksum().add(Bytes(packet).first(20)).value());
}

// RFC 2131, section 2: where it is in a message, and in a frame of a VLAN.
constexpr std::size_t kTransaction = 4;
constexpr std::size_t kHardwareAddress = 28;
constexpr std::size_t kMessage = 14 + wire::VlanTag::kSize + 20 + 8;

// The numbers of the question that the DHCP client has asked last, if it has asked one.
void note_transaction(const FakeDevice& device, Frame& transaction) {
    for (const Frame& frame : device.frames)
        if (frame.size() > kMessage + kHardwareAddress && frame[kMessage - 5] == std::byte{67})
            transaction.assign(frame.begin() + kMessage + kTransaction,
                               frame.begin() + kMessage + kTransaction + 4);
}

Frame from_server(Frame message, const Frame& transaction) {
    if (message.size() >= kHardwareAddress + 6) {
        std::copy(transaction.begin(), transaction.end(), message.begin() + kTransaction);
        std::ranges::copy(std::as_bytes(std::span(Host::kMac.bytes)), message.begin() + kHardwareAddress);
    }
    wire::Ipv4Header header;
    header.source = Host::kPeer.address;
    header.destination = IpAddress::v4(0xffffffff);
    header.protocol = std::uint8_t(ip::Protocol::kUdp);
    const Frame packet =
        ipv4_packet(header, udp_datagram({header.source, 67}, {header.destination, 68}, message));
    return ethernet_frame(MacAddress::broadcast(), Host::kPeer.mac, wire::kEtherTypeIpv4, packet);
}

constexpr std::uint16_t kVlan = 7;

Frame tagged(const Frame& frame) {
    Frame header(wire::EthernetHeader::kSize + wire::VlanTag::kSize);
    wire::store_vlan_header(frame, kVlan, header);
    return header + Frame(frame.begin() + wire::EthernetHeader::kSize, frame.end());
}

void repair_arp(Frame& message) {
    if (message.size() < 28) return;
    const wire::ArpMessage good;
    std::byte header[28];
    good.emit(header);
    std::copy(header, header + 7, message.begin());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Host host;
    host.know(Host::kPeer);
    const auto udp = *host.stack.udp().open();
    if (!udp->bind({IpAddress::any_v4(), 7})) abort();
    const auto connected = *host.stack.udp().open();
    if (!connected->connect({Host::kPeer.address, 53})) abort();
    if (!udp->join(kGroup)) abort();
    const auto choosy = *host.stack.udp().open();  // hears one source of the group
    if (!choosy->bind({IpAddress::any_v4(), 9})) abort();
    if (!choosy->add_source(udp::Socket::Sources::kInclude, kGroup, Host::kPeer.address)) abort();
    const auto listener = *host.stack.tcp().listen({IpAddress::any_v4(), 7}, 4);
    const auto connection = *host.stack.tcp().connect(host.now, {Host::kPeer.address, 80});

    Interface* const vlan = *host.stack.add_vlan(host.now, *host.interface, kVlan, {});
    if (!host.stack.start_dhcp(host.now, *vlan)) abort();
    Frame transaction;

    Bytes input = std::as_bytes(std::span(data, size));
    while (input.size() >= 2) {
        const auto kind = std::to_integer<unsigned>(input[0]) % 9;
        const std::size_t length = std::min(std::to_integer<std::size_t>(input[1]) * 4, input.size() - 2);
        Frame bytes(input.begin() + 2, input.begin() + 2 + std::ptrdiff_t(length));
        input = input.subspan(2 + length);
        Offload offload;
        MacAddress to = Host::kMac;
        note_transaction(host.device, transaction);
        host.device.frames.clear();
        host.device.offloads.clear();
        switch (kind) {
            case 0:
                host.receive(bytes);
                continue;
            case 1:
            case 2:
                repair_ipv4(bytes, kind == 2);
                break;
            case 3:
                repair_arp(bytes);
                host.receive(
                    ethernet_frame(MacAddress::broadcast(), Host::kPeer.mac, wire::kEtherTypeArp, bytes));
                continue;
            case 4:
                repair_ipv4(bytes, false);
                offload.segmentation = Segmentation::kUdpSegments;
                offload.segment_size = std::uint16_t(length + 1);
                break;
            case 6: {
                const bool igmp = bytes.size() > 9 && ip::Protocol(bytes[9]) == ip::Protocol::kIgmp;
                const IpAddress& group = igmp ? kAllHosts : kGroup;
                repair_ipv4(bytes, false, group);
                to = wire::group_mac(group);
                break;
            }
            case 7:
                host.receive(tagged(from_server(bytes, transaction)));
                continue;
            case 8: {
                const dhcp::Lease* const lease = host.stack.lease(*vlan);
                repair_ipv4(bytes, false, lease ? lease->address : Host::kAddress);
                host.receive(tagged(ethernet_frame(to, Host::kPeer.mac, wire::kEtherTypeIpv4, bytes)));
                continue;
            }
            default:
                host.wait(Duration::milliseconds(std::int64_t(length) * 10));
                continue;
        }
        host.receive(ethernet_frame(to, Host::kPeer.mac, wire::kEtherTypeIpv4, bytes), offload);
        while (udp->front()) udp->pop();
        while (choosy->front()) choosy->pop();
        if (const auto accepted = listener->accept()) {
            accepted->consume(accepted->readable_bytes());
            accepted->close();
        }
    }
    host.wait(Duration::seconds(3600));
    return 0;
}
