#include "kernel/platform/virtio/devices.h"

#include <algorithm>
#include <cstring>

#include "kernel/drivers/virtio/polled_queue.h"
#include "kernel/platform/virtio/boot_failure.h"

extern "C" [[gnu::visibility("hidden")]] const holm_manifest holm_image_manifest;

namespace holm::platform {
namespace {

using drivers::MappedRegisters;

constexpr std::uint16_t kConsoleTransmit = 1;

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

void Devices::set_up(const CommandLine& line, DeviceWindow& window, std::uint64_t offset,
                     holm_boot_info& info, VirtioMachine& machine) {
    Later later{window, offset, machine};
    if (holm_image_manifest.device_count != 0) set_up_declared(line, info, later);
    set_up_console(line, later);
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
