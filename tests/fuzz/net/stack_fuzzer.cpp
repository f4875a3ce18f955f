// A host with sockets on a link full of hostile frames. The input is a run of steps: two bytes of length and
// kind, then a frame. Kinds: the frame as it is; an IPv4 packet or an ARP message whose addresses, lengths
// and checksums are made right, so that the fuzzer gets past them; or time that goes by.

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

// Lengths and checksums as they must be; everything else stays.
void repair_ipv4(Frame& packet, bool fragment) {
    if (packet.size() < 28) return;
    packet[0] = std::byte{0x45};
    put_word(packet, 2, std::uint16_t(packet.size()));
    if (!fragment) put_word(packet, 6, 0);
    put_address(packet, 12, Host::kPeer.address);
    put_address(packet, 16, Host::kAddress);
    const Bytes payload = Bytes(packet).subspan(20);
    const auto protocol = ip::Protocol(packet[9]);
    if (protocol == ip::Protocol::kUdp) put_word(packet, 24, std::uint16_t(payload.size()));
    const std::size_t field = protocol == ip::Protocol::kIcmp ? 22 : protocol == ip::Protocol::kUdp ? 26 : 36;
    put_word(packet, field, 0);
    InternetChecksum sum;
    if (protocol != ip::Protocol::kIcmp)
        sum = ip::pseudo_header(Host::kPeer.address, Host::kAddress, protocol, payload.size());
    put_word(packet, field, sum.add(payload).value());
    put_word(packet, 10, 0);
    put_word(packet, 10, InternetChecksum().add(Bytes(packet).first(20)).value());
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
    const auto listener = *host.stack.tcp().listen({IpAddress::any_v4(), 7}, 4);
    const auto connection = *host.stack.tcp().connect(host.now, {Host::kPeer.address, 80});

    Bytes input = std::as_bytes(std::span(data, size));
    while (input.size() >= 2) {
        const auto kind = std::to_integer<unsigned>(input[0]) % 6;
        const std::size_t length = std::min(std::to_integer<std::size_t>(input[1]) * 4, input.size() - 2);
        Frame bytes(input.begin() + 2, input.begin() + 2 + std::ptrdiff_t(length));
        input = input.subspan(2 + length);
        Offload offload;
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
            default:
                host.wait(Duration::milliseconds(std::int64_t(length) * 10));
                continue;
        }
        host.receive(ethernet_frame(Host::kMac, Host::kPeer.mac, wire::kEtherTypeIpv4, bytes), offload);
        while (udp->front()) udp->pop();
        if (const auto accepted = listener->accept()) {
            accepted->consume(accepted->readable_bytes());
            accepted->close();
        }
        host.device.frames.clear();
        host.device.offloads.clear();
    }
    host.wait(Duration::seconds(3600));
    return 0;
}
