// A host with IPv6 on a link full of hostile frames. The input is a run of steps: two bytes of kind and
// length, then bytes. Kinds: a frame as it is; an IPv6 packet whose addresses, length and transport checksum
// are made right, so that the fuzzer gets past them, from a neighbour or from a router, to the host or to
// all; a packet with extension headers that the input chooses; or time that goes by.

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "tests/support/fake_link_v6.h"

using namespace holm;
using namespace holm::net;
using namespace holm::net::testing;

namespace {

// What follows the chain of extension headers gets the checksum that its protocol wants.
void repair_checksum(Frame& packet, const wire::Ipv6Header& header) {
    const auto chain = wire::walk_extensions(packet, header.next_header, wire::Ipv6Header::kSize);
    if (!chain || chain->fragment) return;
    std::size_t field = 0;
    switch (ip::Protocol(chain->protocol)) {
        case ip::Protocol::kIcmpv6:
            field = 2;
            break;
        case ip::Protocol::kUdp:
            field = 6;
            break;
        case ip::Protocol::kTcp:
            field = 16;
            break;
        default:
            return;
    }
    const std::size_t length = packet.size() - chain->end;
    if (length < field + 2) return;
    packet[chain->end + field] = packet[chain->end + field + 1] = std::byte{0};
    const std::uint16_t sum =
        ip::pseudo_header(header.source, header.destination, ip::Protocol(chain->protocol), length)
            .add(Bytes(packet).subspan(chain->end))
            .value();
    packet[chain->end + field] = std::byte(sum >> 8);
    packet[chain->end + field + 1] = std::byte(sum);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Ipv6Configuration configuration = HostV6::automatic();
    configuration.address = parsed("fd00::2");
    configuration.accept_redirects = size % 2 == 0;
    HostV6 host({}, configuration);
    host.know(host.peer);
    const auto udp = *host.stack.udp().open();
    if (!udp->bind({{}, 7})) abort();
    const auto connected = *host.stack.udp().open();
    if (!connected->connect({host.peer.address, 53})) abort();
    const auto listener = *host.stack.tcp().listen({{}, 7}, 4);
    const auto connection = *host.stack.tcp().connect(host.now, {host.peer.address, 80});

    Bytes input = std::as_bytes(std::span(data, size));
    while (input.size() >= 4) {
        const auto kind = std::to_integer<unsigned>(input[0]);
        const std::size_t length = std::min(std::to_integer<std::size_t>(input[1]) * 4, input.size() - 4);
        const auto next = std::to_integer<std::uint8_t>(input[2]);
        const auto hops = std::to_integer<std::uint8_t>(input[3]);
        Frame bytes(input.begin() + 4, input.begin() + 4 + std::ptrdiff_t(length));
        input = input.subspan(4 + length);
        if (kind % 8 == 0) {
            host.receive(bytes);
            continue;
        }
        if (kind % 8 == 1) {
            host.wait(Duration::milliseconds(std::int64_t(length + 1) * hops));
            continue;
        }
        wire::Ipv6Header header;
        header.source = (kind & 8) != 0 ? host.router.address : host.peer.address;
        if ((kind & 16) != 0) header.source = IpAddress();
        header.destination = host.address;
        if ((kind & 32) != 0) header.destination = parsed("ff02::1");
        if ((kind & 64) != 0) header.destination = ndp::solicited_node(host.address, 0);
        header.next_header = kind % 8 == 2 ? std::uint8_t{58} : next;
        header.hop_limit = kind % 8 == 2 && (kind & 128) == 0 ? std::uint8_t{255} : hops;
        header.payload_length = std::uint16_t(bytes.size());
        Frame packet = ipv6_packet(header, bytes);
        repair_checksum(packet, header);
        const MacAddress to =
            header.destination.is_multicast() ? wire::group_mac(header.destination) : HostV6::kMac;
        host.receive(ethernet_frame(to, host.peer.mac, wire::kEtherTypeIpv6, packet));
        while (udp->front()) udp->pop();
        if (const auto accepted = listener->accept()) {
            accepted->consume(accepted->readable_bytes());
            accepted->close();
        }
        host.clear();
    }
    host.wait(Duration::seconds(3600));
    if (host.interface->ipv6().addresses().size() > ndp::AddressSet::kCapacity) abort();
    return 0;
}
