#include "kernel/platform/virtio/devices.h"

#include <algorithm>
#include <cstring>

#include "base/text_buffer.h"
#include "kernel/drivers/net/virtio_net.h"
#include "kernel/drivers/virtio/polled_queue.h"
#include "kernel/platform/virtio/boot_failure.h"
#include "kernel/platform/virtio/x86_64/io_apic.h"

extern "C" [[gnu::visibility("hidden")]] const holm_manifest holm_image_manifest;

namespace holm::platform {
namespace {

using drivers::MappedRegisters;

constexpr std::uint32_t kQueueSize = 256;
constexpr std::uint64_t kMessageAddress = 0xfee00000;  // the first processor's local APIC
constexpr std::uint16_t kConsoleTransmit = 1;

template <typename T>
T accept(Result<T> result, const char* what) {
    if (!result) boot_failure(what, result.error().what);
    if constexpr (!std::is_void_v<T>) return *std::move(result);
}

[[noreturn]] void refuse(const char* before, const char* name, const char* after) {
    TextBuffer<192> sentence;
    sentence << before << "\"" << name << "\"" << after;
    boot_failure(sentence.text());
}

std::span<const holm_manifest_device> manifest_devices() {
    return {reinterpret_cast<const holm_manifest_device*>(&holm_image_manifest + 1),
            holm_image_manifest.device_count};
}

const CommandLine::Net* wish_for(const CommandLine& line, std::string_view name) {
    for (std::size_t i = 0; i < line.net_count; ++i) {
        if (line.nets[i].name == name) return &line.nets[i];
    }
    return nullptr;
}

void check_wishes(const CommandLine& line) {
    for (std::size_t i = 0; i < line.net_count; ++i) {
        const std::string_view name = line.nets[i].name;
        const bool declared =
            std::ranges::any_of(manifest_devices(), [&](const holm_manifest_device& device) {
                return device.kind == HOLM_DEVICE_NET && name == device.name;
            });
        if (!declared) boot_failure("holm.net= names a network device that the image does not declare", name);
    }
}

}  // namespace

MappedRegisters Devices::map(std::uint64_t physical, std::uint64_t size) {
    if (!memory_.reach(physical, size))
        boot_failure("the registers of a device lie where the boot cannot reach them");
    return MappedRegisters(physical);
}

void Devices::find(const CommandLine& line) {
    for (std::size_t i = 0; i < line.mmio_device_count; ++i) find_mmio(line.mmio_devices[i]);
    has_pci_ = PciPorts::present();
    if (has_pci_) find_pci();
}

void Devices::find_mmio(const CommandLine::MmioDevice& device) {
    Found& found = add();
    found.registers = map(device.address, device.size);
    found.interrupt = device.interrupt;
    found.mmio.emplace(found.registers, device.address);
    const auto identified = found.mmio->identify();
    if (!identified && identified.error().code != ErrorCode::kNoDevice)
        boot_failure("a virtio-mmio device cannot be used", identified.error().what);
    if (!identified) {
        --count_;
        return;
    }
    found.type = found.mmio->type();
}

// Each bus that some bridge leads to, once, in the order of their numbers: bridges may lead in circles.
void Devices::find_pci() {
    std::bitset<kBuses> known;
    std::bitset<kBuses> seen;
    known.set(0);
    for (auto left = known; left.any(); left = known & ~seen) {
        std::size_t bus = 0;
        while (!left.test(bus)) ++bus;
        seen.set(bus);
        find_on_bus(static_cast<std::uint8_t>(bus), known);
    }
}

void Devices::find_on_bus(std::uint8_t bus, std::bitset<kBuses>& known) {
    constexpr std::uint8_t kSlots = 32, kFunctions = 8;
    for (std::uint8_t slot = 0; slot < kSlots; ++slot) {
        for (std::uint8_t number = 0; number < kFunctions; ++number) {
            PciPorts configuration(bus, slot, number);
            drivers::PciFunction function(configuration);
            if (function.vendor() == drivers::PciFunction::kNobody) {
                if (number == 0) break;
                continue;
            }
            if (function.is_bridge()) known.set(function.bus_behind());
            const std::uint32_t type = drivers::PciTransport::type_of(function);
            if (type != drivers::kVirtioTypeNone && type <= drivers::kVirtioTypeEntropy)
                add_pci(configuration, type);
            if (number == 0 && !function.has_more_functions()) break;
        }
    }
}

void Devices::add_pci(const PciPorts& configuration, std::uint32_t type) {
    if (count_ == kMost) return;
    Found& found = add();
    found.type = type;
    found.configuration = configuration;
    drivers::PciFunction function(found.configuration);
    found.layout = accept(drivers::PciLayout::read(function), "a virtio-pci device cannot be used");
    function.enable();
    found.registers = map(found.layout.common.address, found.layout.common.size);
    found.device_registers = map(found.layout.device.address, found.layout.device.size);
    if (found.layout.message_table != 0) found.messages = map(found.layout.message_table, 16);
    found.pci.emplace(found.type, found.layout, found.registers, found.device_registers);
}

// Zeroed, and behind all that was taken before.
std::uint64_t Devices::take_queue(std::uint32_t size) {
    const std::uint64_t bytes = holm_virtq_bytes(size);
    const std::uint64_t address = accept(plan_.take(bytes), "no memory for the queue of a device");
    std::byte* memory = memory_.reach(address, bytes);
    if (!memory) boot_failure("memory beyond what can be mapped");
    std::memset(memory, 0, bytes);
    return address;
}

bool Devices::entropy(MutableBytes bytes) {
    Found* found = next(drivers::kVirtioTypeEntropy);
    if (!found) return false;
    constexpr const char* kWhat = "the virtio-rng device cannot be used";
    drivers::Transport& transport = found->transport();
    accept(drivers::negotiate(transport, 0), kWhat);
    if (drivers::queue_size(transport, 0, drivers::PolledQueue::kSize) != drivers::PolledQueue::kSize)
        boot_failure(kWhat, "it has no queue");
    const std::uint64_t ring = take_queue(drivers::PolledQueue::kSize);
    const drivers::Doorbell doorbell =
        accept(transport.enable_queue(0, drivers::PolledQueue::kSize,
                                      drivers::parts_of_queue(ring, drivers::PolledQueue::kSize)),
               kWhat);
    MappedRegisters bell = map(doorbell.address, 4);
    drivers::start(transport);
    drivers::PolledQueue queue({reinterpret_cast<std::byte*>(ring), drivers::PolledQueue::kBytes}, bell,
                               doorbell.value);
    while (!bytes.empty()) {
        const drivers::PolledQueue::Piece piece{reinterpret_cast<std::uint64_t>(bytes.data()),
                                                static_cast<std::uint32_t>(bytes.size()), true};
        const std::uint32_t size = accept(queue.request({&piece, 1}), kWhat);
        if (size == 0) boot_failure(kWhat, "it gives nothing");
        bytes = bytes.subspan(size);
    }
    accept(drivers::reset(transport), kWhat);
    return true;
}

Devices::Found* Devices::next(std::uint32_t type) {
    for (Found& one : found()) {
        if (one.type != type || one.taken) continue;
        one.taken = true;
        return &one;
    }
    return nullptr;
}

Devices::Found* Devices::with_mac(const std::uint8_t (&mac)[6]) {
    for (Found& one : found()) {
        if (one.type != drivers::kVirtioTypeNet || one.taken) continue;
        bool same = true;
        for (std::uint32_t byte = 0; byte < 6; ++byte) same &= one.transport().config8(byte) == mac[byte];
        if (!same) continue;
        one.taken = true;
        return &one;
    }
    return nullptr;
}

void Devices::set_up(const CommandLine& line, DeviceWindow& window, std::uint64_t offset,
                     holm_boot_info& info, VirtioMachine& machine) {
    Later later{window, offset, machine};
    check_wishes(line);
    // Those that are named go first, so that no other one gets what is theirs.
    std::array<Found*, HOLM_MAX_DEVICES> chosen{};
    for (const bool by_name : {true, false}) {
        std::size_t index = 0;
        for (const holm_manifest_device& device : manifest_devices()) {
            Found*& found = chosen[index++];
            if (found) continue;
            if (device.kind == HOLM_DEVICE_NET) {
                const CommandLine::Net* wish = wish_for(line, device.name);
                if (by_name && wish && wish->has_mac) found = with_mac(wish->settings.mac);
                if (!by_name) found = next(drivers::kVirtioTypeNet);
            } else {
                found = by_name ? with_serial(device.name) : next(drivers::kVirtioTypeBlock);
            }
        }
    }
    for (const holm_manifest_device& declared : manifest_devices()) {
        Found* found = chosen[info.device_count];
        holm_boot_device& device = info.devices[info.device_count++];
        std::memcpy(device.name, declared.name, sizeof device.name);
        device.kind = declared.kind;
        device.handle = -1;
        if (!found) {
            if ((declared.flags & HOLM_DEVICE_OPTIONAL) == 0)
                refuse("the image needs the device ", device.name,
                       ", and the machine has no virtio device for it");
            continue;
        }
        device.transport = HOLM_TRANSPORT_RING;
        if (device.kind == HOLM_DEVICE_NET) {
            set_up_net(*found, wish_for(line, device.name), device, later);
        } else {
            set_up_block(*found, declared, device, later);
        }
    }
    set_up_console(line, later);
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

void Devices::set_up_net(Found& found, const CommandLine::Net* wish, holm_boot_device& device, Later& later) {
    using namespace drivers;
    constexpr const char* kWhat = "a virtio-net device cannot be used";
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
        refuse("the virtio-net device for ", device.name,
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

void Devices::set_up_console(const CommandLine& line, Later& later) {
    constexpr const char* kWhat = "the virtio-console device cannot be used";
    if (line.console == CommandLine::Console::kSerial) return;
    if (line.console == CommandLine::Console::kAny && later.machine.serial.present()) return;
    Found* found = next(drivers::kVirtioTypeConsole);
    if (!found) {
        if (line.console == CommandLine::Console::kVirtio)
            boot_failure("the machine has no virtio-console device");
        return;
    }
    drivers::Transport& transport = found->transport();
    accept(drivers::negotiate(transport, 0), kWhat);
    constexpr std::uint32_t kSize = drivers::PolledQueue::kSize;
    if (drivers::queue_size(transport, kConsoleTransmit, kSize) != kSize)
        boot_failure(kWhat, "it has no queue");
    const std::uint64_t ring = take_queue(kSize);
    const drivers::Doorbell doorbell =
        accept(transport.enable_queue(kConsoleTransmit, kSize, drivers::parts_of_queue(ring, kSize)), kWhat);
    drivers::start(transport);
    later.machine.console = {.ring = ring + later.offset,
                             .notify = later.window.add(doorbell.address),
                             .size = kSize,
                             .notify_value = doorbell.value};
}

}  // namespace holm::platform
