#include "kernel/network/devices.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "abi/image_configuration.h"
#include "kernel/drivers/net/stream_device.h"
#include "kernel/drivers/net/tap_device.h"
#include "kernel/drivers/net/virtio_net.h"
#include "kernel/drivers/virtio/boot_queue.h"

namespace holm {

namespace {

net::IpAddress address(const std::uint8_t (&bytes)[4]) {
    return net::IpAddress::v4(bytes[0], bytes[1], bytes[2], bytes[3]);
}

net::IpAddress address(const std::uint8_t (&bytes)[16]) {
    return net::IpAddress::v6(std::to_array(bytes));
}

void add_dns(const net::IpAddress& server, NetAddresses& to) {
    const auto place = std::find(to.dns.begin(), to.dns.end(), net::IpAddress());
    if (!server.is_unspecified() && place != to.dns.end()) *place = server;
}

// What boot info and image configuration have in common, field by field.
template <typename Configured>
void take_addresses(const Configured& from, NetAddresses& to) {
    to.interface.address = address(from.ipv4_address);
    to.interface.prefix_length = from.ipv4_prefix_length;
    to.interface.gateway = address(from.ipv4_gateway);
    for (const auto& server : from.ipv4_dns) add_dns(address(server), to);
}

template <typename Configured>
void take_addresses_v6(const Configured& from, NetAddresses& to) {
    to.ipv6.autoconfigure = false;
    to.ipv6.address = address(from.ipv6_address);
    to.ipv6.prefix_length = from.ipv6_prefix_length;
    to.ipv6.gateway = address(from.ipv6_gateway);
    for (const auto& server : from.ipv6_dns) add_dns(address(server), to);
}

void choose_ipv6(const holm_boot_device& device, const holm_configured_interface* image,
                 NetAddresses& chosen) {
    std::uint32_t configuration = device.net.ipv6_configuration;
    if (configuration == HOLM_NET_FROM_IMAGE) {
        if (image) configuration = image->ipv6_configuration;
        if (configuration == HOLM_NET_FROM_IMAGE) configuration = HOLM_NET_AUTOMATIC;
        if (configuration == HOLM_NET_STATIC) take_addresses_v6(*image, chosen);
    } else if (configuration == HOLM_NET_STATIC) {
        take_addresses_v6(device.net, chosen);
    }
    chosen.has_ipv6 = configuration != HOLM_NET_OFF;
    chosen.ipv6.dhcp = configuration == HOLM_NET_DHCP;
    std::memcpy(&chosen.ipv6.secret, device.net.ipv6_secret, sizeof(chosen.ipv6.secret));
}

// A tender's side of HOLM_TRANSPORT_RING merges receive buffers and passes the backend's offloads on.
std::uint64_t ring_features(std::uint32_t offloads, std::uint32_t lacks) {
    std::uint64_t features = 0;
    if ((lacks & HOLM_RING_NO_MERGEABLE_BUFFERS) == 0) features |= drivers::kVirtioNetMergeableBuffers;
    if ((offloads & HOLM_NET_CHECKSUM) != 0)
        features |= drivers::kVirtioNetChecksum | drivers::kVirtioNetReceiveChecksum;
    if ((offloads & HOLM_NET_TSO4) != 0) features |= drivers::kVirtioNetTso4 | drivers::kVirtioNetReceiveTso4;
    if ((offloads & HOLM_NET_TSO6) != 0) features |= drivers::kVirtioNetTso6 | drivers::kVirtioNetReceiveTso6;
    return drivers::choose_virtio_net_features(features);
}

std::unique_ptr<drivers::NetDriver> make_ring_driver(const holm_boot_info& boot,
                                                     const holm_boot_device& device) {
    // The doorbells stay for the life of the instance, as devices do.
    const auto doorbell = [&](holm_queue queue) {
        return new (std::nothrow) drivers::BootQueue(device.queues[queue], boot.vm.bus_offset,
                                                     (device.ring_lacks & HOLM_RING_NO_EVENT_INDEX) == 0);
    };
    drivers::BootQueue* const receive = doorbell(HOLM_QUEUE_NET_RECEIVE);
    drivers::BootQueue* const transmit = doorbell(HOLM_QUEUE_NET_TRANSMIT);
    if (receive == nullptr || transmit == nullptr) return nullptr;
    auto driver =
        drivers::VirtioNet::create({.receive = receive->setup(),
                                    .transmit = transmit->setup(),
                                    .features = ring_features(device.net.offloads, device.ring_lacks),
                                    .mtu = device.net.mtu},
                                   *receive, *transmit);
    if (!driver) return nullptr;
    (*driver)->start();
    return std::move(*driver);
}

}  // namespace

std::unique_ptr<drivers::NetDriver> make_net_driver(const holm_boot_info& boot,
                                                    const holm_boot_device& device) {
    const platform::Gate gate(boot.gate);
    std::unique_ptr<drivers::NetDriver> driver;
    switch (device.transport) {
        case HOLM_TRANSPORT_TAP: {
            net::DeviceCapabilities capabilities;
            capabilities.mtu = device.net.mtu;
            capabilities.checksum = (device.net.offloads & HOLM_NET_CHECKSUM) != 0;
            capabilities.tcp4_segmentation = (device.net.offloads & HOLM_NET_TSO4) != 0;
            capabilities.tcp6_segmentation = (device.net.offloads & HOLM_NET_TSO6) != 0;
            capabilities.udp_segmentation = (device.net.offloads & HOLM_NET_USO) != 0;
            driver.reset(new (std::nothrow) drivers::TapDevice(gate, device.handle, capabilities));
            break;
        }
        case HOLM_TRANSPORT_STREAM:
            driver.reset(new (std::nothrow) drivers::StreamDevice(gate, device.handle, device.net.mtu));
            break;
        case HOLM_TRANSPORT_RING:
            driver = make_ring_driver(boot, device);
            break;
        default:
            break;
    }
    return driver;
}

NetAddresses choose_addresses(const holm_boot_device& device) {
    NetAddresses chosen;
    std::copy(std::begin(device.net.mac), std::end(device.net.mac), chosen.interface.mac.bytes.begin());
    std::uint32_t configuration = device.net.configuration;
    const holm_configured_interface* image = image_configuration().interface(device.name);
    choose_ipv6(device, image, chosen);
    chosen.vlan = device.net.vlan == 0 && image ? image->vlan : device.net.vlan;
    if (chosen.vlan == HOLM_NET_UNTAGGED) chosen.vlan = 0;
    if (configuration == HOLM_NET_FROM_IMAGE) {
        configuration = image ? image->configuration : std::uint32_t{HOLM_NET_DHCP};
        if (configuration == HOLM_NET_STATIC) take_addresses(*image, chosen);
    } else if (configuration == HOLM_NET_STATIC) {
        take_addresses(device.net, chosen);
    }
    chosen.dhcp = configuration == HOLM_NET_DHCP;
    return chosen;
}

}  // namespace holm
