// Network devices during the boot: which is which, and what they can do.

#include <algorithm>

#include "kernel/drivers/net/virtio_net.h"
#include "kernel/platform/virtio/boot_failure.h"
#include "kernel/platform/virtio/devices.h"

extern "C" [[gnu::visibility("hidden")]] const holm_manifest holm_image_manifest;

namespace holm::platform {

static const CommandLine::Net* wish_for(const CommandLine& line, std::string_view name) {
    for (std::size_t i = 0; i < line.net_count; ++i) {
        if (line.nets[i].name == name) return &line.nets[i];
    }
    return nullptr;
}

void Devices::check_networks(const CommandLine& line) {
    const std::span declared(reinterpret_cast<const holm_manifest_device*>(&holm_image_manifest + 1),
                             holm_image_manifest.device_count);
    for (std::size_t i = 0; i < line.net_count; ++i) {
        const std::string_view name = line.nets[i].name;
        const bool known = std::ranges::any_of(declared, [&](const holm_manifest_device& device) {
            return device.kind == HOLM_DEVICE_NET && name == device.name;
        });
        if (!known) boot_failure(kUndeclaredNetwork, name);
    }
}

// The device that has the address which the command line names; no device: null.
Devices::Found* Devices::with_wished_mac(const CommandLine& line, std::string_view name) {
    const CommandLine::Net* const wish = wish_for(line, name);
    if (!wish || !wish->has_mac) return nullptr;
    for (Found& one : found()) {
        if (one.type != drivers::kVirtioTypeNet || one.taken) continue;
        bool same = true;
        for (std::uint32_t byte = 0; byte < 6; ++byte)
            same &= one.transport().config8(byte) == wish->settings.mac[byte];
        if (!same) continue;
        one.taken = true;
        return &one;
    }
    return nullptr;
}

void Devices::set_up_net(Found& found, const CommandLine& line, holm_boot_device& device, Later& later) {
    using namespace drivers;
    constexpr const char* kWhat = "a virtio-net device cannot be used";
    const CommandLine::Net* const wish = wish_for(line, device.name);
    Transport& transport = found.transport();
    // Both directions or none: the boot info knows of no others.
    const std::uint64_t offered = transport.offered();
    const auto both = [&](std::uint64_t pair) { return (offered & pair) == pair ? pair : 0; };
    const std::uint64_t checksum = both(kVirtioNetChecksum | kVirtioNetReceiveChecksum);
    std::uint64_t wanted =
        checksum | (offered & (kVirtioNetMergeableBuffers | kVirtioNetMac | kVirtioNetMtu));
    if (checksum != 0)
        wanted |= both(kVirtioNetTso4 | kVirtioNetReceiveTso4) | both(kVirtioNetTso6 | kVirtioNetReceiveTso6);
    const std::uint64_t features = accept(negotiate(transport, wanted | kVirtioEventIndex), kWhat);
    const auto has = [&](std::uint64_t feature) { return (features & feature) != 0; };

    if (wish) device.net = wish->settings;
    if (has(kVirtioNetMac)) {
        for (std::uint32_t i = 0; i < 6; ++i) device.net.mac[i] = transport.config8(i);
    } else if (!wish || !wish->has_mac) {
        boot_failure("the virtio-net device for ", device.name,
                     " has no address of its own; give one: holm.net=NAME,mac=...");
    }
    std::uint16_t mtu = 1500;
    if (has(kVirtioNetMtu))
        mtu = static_cast<std::uint16_t>(transport.config8(10) | transport.config8(11) << 8);
    if (mtu < 576) boot_failure(kWhat, "its MTU is below 576");
    device.net.mtu = device.net.mtu == 0 ? mtu : std::min(device.net.mtu, mtu);
    if (has(kVirtioNetChecksum)) device.net.offloads |= HOLM_NET_CHECKSUM;
    if (has(kVirtioNetTso4)) device.net.offloads |= HOLM_NET_TSO4;
    if (has(kVirtioNetTso6)) device.net.offloads |= HOLM_NET_TSO6;
    if (!has(kVirtioEventIndex)) device.ring_lacks |= HOLM_RING_NO_EVENT_INDEX;
    if (!has(kVirtioNetMergeableBuffers)) device.ring_lacks |= HOLM_RING_NO_MERGEABLE_BUFFERS;

    connect_interrupts(found, later);
    device.queues[HOLM_QUEUE_NET_RECEIVE] = set_up_queue(found, 0, later);
    device.queues[HOLM_QUEUE_NET_TRANSMIT] = set_up_queue(found, 1, later);
    start(transport);
}

}  // namespace holm::platform
