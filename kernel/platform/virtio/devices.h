#pragma once

// The machine's virtio devices during the boot: found on the command line (virtio-mmio) and on PCI buses,
// matched with the devices of the manifest, and set up for the drivers, which find their queues in the boot
// info (HOLM_TRANSPORT_RING) and know of no bus.

#include <array>
#include <bitset>
#include <new>
#include <optional>
#include <span>

#include "abi/boot_info.h"
#include "kernel/drivers/virtio/mmio_transport.h"
#include "kernel/drivers/virtio/pci_transport.h"
#include "kernel/platform/virtio/command_line.h"
#include "kernel/platform/virtio/device_window.h"
#include "kernel/platform/virtio/memory_plan.h"
#include "kernel/platform/virtio/virtio_platform.h"
#include "kernel/platform/virtio/x86_64/boot_area.h"
#include "kernel/platform/virtio/x86_64/pci_ports.h"

namespace holm::platform {

class Devices {
  public:
    static constexpr std::size_t kMost = 64;
    static constexpr std::uint32_t kSerialSize = 20;  // VIRTIO_BLK_ID_BYTES

    Devices(BootMemory& memory, MemoryPlan& plan) : memory_(memory), plan_(plan) {}

    // Ends the boot with a sentence if a device is none, as do all of these.
    void find(const CommandLine& line);

    // What find() saw: whether there are PCI buses.
    bool has_pci() const { return has_pci_; }

    // Fills what the machine's entropy device gives; false: there is none.
    bool entropy(MutableBytes bytes);

    // Sets up what the manifest declares, in its order. `machine` gets what the platform needs to know.
    void set_up(const CommandLine& line, DeviceWindow& window, std::uint64_t offset, holm_boot_info& info,
                VirtioMachine& machine);

  private:
    static constexpr std::size_t kBuses = 256;

    struct Found {
        std::uint32_t type = 0;
        bool taken = false;
        std::uint32_t interrupt = 0;  // virtio-mmio
        bool serial_known = false;
        std::array<char, kSerialSize> serial{};  // of a block device; ends with a zero if it is shorter
        drivers::MappedRegisters registers, device_registers, messages;
        PciPorts configuration;
        drivers::PciLayout layout;
        std::optional<drivers::MmioTransport> mmio;
        std::optional<drivers::PciTransport> pci;

        drivers::Transport& transport() {
            return mmio ? static_cast<drivers::Transport&>(*mmio) : static_cast<drivers::Transport&>(*pci);
        }
    };
    struct Later {  // what there will be when the library OS runs
        DeviceWindow& window;
        std::uint64_t offset;
        VirtioMachine& machine;
    };

    void find_mmio(const CommandLine::MmioDevice& device);
    void find_pci();
    void find_on_bus(std::uint8_t bus, std::bitset<kBuses>& known);
    void add_pci(const PciPorts& configuration, std::uint32_t type);
    drivers::MappedRegisters map(std::uint64_t physical, std::uint64_t size);
    std::uint64_t take_queue(std::uint32_t size);

    Found* next(std::uint32_t type);
    void read_serial(Found& found);

    void connect_interrupts(Found& found, Later& later);
    holm_boot_queue set_up_queue(Found& found, std::uint16_t index, Later& later);
    void set_up_console(const CommandLine& line, Later& later);

    // declared_devices.cpp, net_devices.cpp and block_devices.cpp. Weak: an image has them that declares such
    // a device (holm-manifest
    // --link-options); they are called for declared devices.
    [[gnu::weak]] void set_up_declared(const CommandLine& line, holm_boot_info& info,
                                       Later& later) __asm__("holm_virtio_set_up_declared");
    [[gnu::weak]] void check_networks(const CommandLine& line);
    [[gnu::weak]] Found* with_wished_mac(const CommandLine& line, std::string_view name);
    [[gnu::weak]] void set_up_net(Found& found, const CommandLine& line, holm_boot_device& device,
                                  Later& later) __asm__("holm_virtio_set_up_net");
    [[gnu::weak]] Found* with_serial(std::string_view name);
    [[gnu::weak]] void set_up_block(Found& found, const holm_manifest_device& declared,
                                    holm_boot_device& device,
                                    Later& later) __asm__("holm_virtio_set_up_block");

    BootMemory& memory_;
    MemoryPlan& plan_;
    // The first `count_` are there. Memory that is not touched costs nothing.
    std::span<Found> found() { return {reinterpret_cast<Found*>(room_), count_}; }
    Found& add() { return *::new (&room_[count_++ * sizeof(Found)]) Found; }

    alignas(Found) std::byte room_[kMost * sizeof(Found)];
    std::size_t count_ = 0;
    bool has_pci_ = false;
};

}  // namespace holm::platform
