// What the manifest declares, and which of the machine's devices it gets.

#include <algorithm>
#include <cstring>

#include "kernel/platform/virtio/boot_failure.h"
#include "kernel/platform/virtio/devices.h"
#include "kernel/platform/virtio/x86_64/io_apic.h"

extern "C" [[gnu::visibility("hidden")]] const holm_manifest holm_image_manifest;

namespace holm::platform {
namespace {

constexpr std::uint32_t kQueueSize = 256;
constexpr std::uint64_t kMessageAddress = 0xfee00000;  // the first processor's local APIC

std::span<const holm_manifest_device> manifest_devices() {
    return {reinterpret_cast<const holm_manifest_device*>(&holm_image_manifest + 1),
            holm_image_manifest.device_count};
}

}  // namespace

void Devices::set_up_declared(const CommandLine& line, holm_boot_info& info, Later& later) {
    if (line.net_count != 0) check_networks(line);
    // Those that are named go first, so that no other one gets what is theirs.
    std::array<Found*, HOLM_MAX_DEVICES> chosen{};
    for (const bool by_name : {true, false}) {
        std::size_t index = 0;
        for (const holm_manifest_device& device : manifest_devices()) {
            Found*& found = chosen[index++];
            if (found) continue;
            if (!by_name) {
                found = next(device.kind == HOLM_DEVICE_NET ? drivers::kVirtioTypeNet
                                                            : drivers::kVirtioTypeBlock);
            } else if (device.kind == HOLM_DEVICE_NET) {
                found = with_wished_mac(line, device.name);
            } else {
                found = with_serial(device.name);
            }
        }
    }
    for (const holm_manifest_device& wanted : manifest_devices()) {
        Found* found = chosen[info.device_count];
        holm_boot_device& device = info.devices[info.device_count++];
        std::memcpy(device.name, wanted.name, sizeof device.name);
        device.kind = wanted.kind;
        device.handle = -1;
        if (!found) {
            if ((wanted.flags & HOLM_DEVICE_OPTIONAL) == 0)
                boot_failure("the image needs the device ", device.name,
                             ", and the machine has no virtio device for it");
            continue;
        }
        device.transport = HOLM_TRANSPORT_RING;
        if (device.kind == HOLM_DEVICE_NET) {
            set_up_net(*found, line, device, later);
        } else {
            set_up_block(*found, wanted, device, later);
        }
    }
}

void Devices::connect_interrupts(Found& found, Later& later) {
    if (found.pci) {
        if (found.layout.message_table == 0) {
            later.machine.must_poll = true;
            return;
        }
        drivers::PciFunction function(found.configuration);
        drivers::enable_message(function, found.layout, found.messages, kMessageAddress, HOLM_VECTOR_DEVICE);
        return;
    }
    memory_.reach(IoApic::kSecondPhysical, 4096);
    IoApic first(IoApic::kPhysical);
    IoApic second(IoApic::kSecondPhysical);
    const std::uint32_t inputs = first.inputs();
    if (found.interrupt < inputs) {
        first.route(found.interrupt, HOLM_VECTOR_DEVICE);
    } else if (found.interrupt - inputs < second.inputs()) {
        second.route(found.interrupt - inputs, HOLM_VECTOR_DEVICE);
    } else {
        later.machine.must_poll = true;
    }
    const std::uint64_t acknowledge = later.window.add(found.mmio->acknowledge_address());
    if (acknowledge == 0) boot_failure("too many devices");
    later.machine.acknowledge[later.machine.acknowledge_count++] = acknowledge;
}

holm_boot_queue Devices::set_up_queue(Found& found, std::uint16_t index, Later& later) {
    constexpr const char* kWhat = "the queue of a device cannot be set up";
    drivers::Transport& transport = found.transport();
    const std::uint32_t size = drivers::queue_size(transport, index, kQueueSize);
    if (size < 2) boot_failure(kWhat, "it is not there");
    const std::uint64_t ring = take_queue(size);
    const drivers::Doorbell doorbell =
        accept(transport.enable_queue(index, size, drivers::parts_of_queue(ring, size)), kWhat);
    const std::uint64_t bell = later.window.add(doorbell.address);
    if (bell == 0) boot_failure("too many devices");
    return {.ring = ring + later.offset, .notify = bell, .size = size, .notify_value = doorbell.value};
}

}  // namespace holm::platform
