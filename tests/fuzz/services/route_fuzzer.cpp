// Hostile frames into a router of three interfaces. The input is a list of frames: a byte for the interface,
// one for the kind of offload, two for the length, the bytes. Everything it sends must be a sound frame.

#include <cstdint>
#include <cstdlib>

#include "tests/support/router_lab.h"

using namespace holm;
using namespace holm::test;

namespace {

void offer_services(route::TableParts& parts) {
    using net::IpAddress;
    parts.interfaces[1].dhcp_server = parts.interfaces[1].advertisement = 0;
    route::DhcpServerRecord dhcp;
    dhcp.first = 0x0a000164;
    dhcp.last = 0x0a0001c8;
    dhcp.lease_seconds = 600;
    parts.dhcp_servers.push_back(dhcp);
    route::AdvertisementRecord advertisement;
    advertisement.interval_seconds = 30;
    parts.advertisements.push_back(advertisement);
    parts.routes.push_back({IpAddress::any_v4(), 0, route::WayKind::kForward, {2, true, RouterLab::host(2)}});
    parts.routes.push_back({IpAddress(), 0, route::WayKind::kForward, {2, true, RouterLab::host_v6(2)}});
    parts.routes.push_back({IpAddress(), 0, route::WayKind::kForward, {1, true, RouterLab::host_v6(1)}});
}

net::Offload offload_of(std::uint8_t kind, std::size_t size) {
    net::Offload offload;
    constexpr net::Segmentation kKinds[] = {net::Segmentation::kNone, net::Segmentation::kTcp4,
                                            net::Segmentation::kTcp6, net::Segmentation::kUdpSegments,
                                            net::Segmentation::kUdp};
    offload.segmentation = kKinds[kind % 5];
    if (offload.segmentation != net::Segmentation::kNone) offload.segment_size = std::uint16_t(1 + kind * 7);
    // As parse_virtio_net() lets it through: inside the frame.
    offload.checksum_start = kind & 16 ? 34 : 54;
    offload.checksum_offset = kind & 32 ? 16 : 6;
    offload.needs_checksum = (kind & 8) != 0 && offload.checksum_start + offload.checksum_offset + 2u <= size;
    if (!offload.needs_checksum) offload.checksum_start = offload.checksum_offset = 0;
    return offload;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    RouterLab lab({.device = {.mtu = 1500, .checksum = (size & 1) != 0, .tcp4_segmentation = (size & 1) != 0},
                   .reverse_path = (size & 2) != 0 ? route::ReversePath::kStrict : route::ReversePath::kOff,
                   .change = offer_services,
                   .writable = (size & 4) != 0});
    lab.interfaces[0]->limit_mtu(1280);
    while (size >= 4) {
        const std::size_t interface = data[0] % 3;
        const std::uint8_t kind = data[1];
        const std::size_t length = std::min<std::size_t>(std::size_t{data[2]} << 8 | data[3], size - 4);
        data += 4;
        size -= 4;
        Octets octets(length);
        for (std::size_t i = 0; i < length; ++i) octets[i] = std::byte(data[i]);
        data += length;
        size -= length;
        if (octets.size() < 14) continue;
        if ((kind & 64) != 0) {
            lab.broadcast(interface, octets);
        } else {
            // Checksums that fit let more through.
            if (octets.size() >= 34 && (kind & 128) != 0) {
                const std::size_t header =
                    std::min((std::to_integer<std::size_t>(octets[14]) & 0xf) * 4, octets.size() - 14);
                if (header >= 20) {
                    put16(octets, 24, 0);
                    put16(octets, 24, InternetChecksum().add(Bytes(octets).subspan(14, header)).value());
                }
            }
            lab.send(interface, octets, offload_of(kind, octets.size()));
        }
        lab.wait(Duration::milliseconds(100));
        for (std::size_t i = 0; i < 3; ++i)
            for (const auto& sent : lab.received(i))
                if (!sent.packet || sent.octets.size() > 14 + 65'535) std::abort();
    }
    return 0;
}
