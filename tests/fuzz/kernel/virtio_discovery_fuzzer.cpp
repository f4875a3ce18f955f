// Devices and firmware that say anything: ACPI's tables in memory that is the input, configuration spaces and
// registers that answer with it. Whatever they say, discovery ends, and what comes out is within bounds.

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>

#include "kernel/drivers/virtio/mmio_transport.h"
#include "kernel/drivers/virtio/pci_transport.h"
#include "kernel/platform/virtio/acpi.h"

using namespace holm;
using namespace holm::drivers;
using namespace holm::platform;

namespace {

class Memory final : public PhysicalMemory {
  public:
    explicit Memory(Bytes bytes) : bytes_(bytes) {}
    Bytes view(std::uint64_t address, std::uint64_t size) override {
        if (address > bytes_.size() || size > bytes_.size() - address) return {};
        return bytes_.subspan(address, size);
    }

  private:
    Bytes bytes_;
};

// Each read takes what comes next in the input, and zeroes when that is used up.
class Stream final : public Registers {
  public:
    explicit Stream(Bytes bytes) : bytes_(bytes) {}
    std::uint32_t read(std::uint32_t, unsigned bytes) override {
        std::uint32_t value = 0;
        const std::size_t size = bytes_.size() < bytes ? bytes_.size() : bytes;
        if (size != 0) std::memcpy(&value, bytes_.data(), size);
        bytes_ = bytes_.subspan(size);
        return value;
    }
    void write(std::uint32_t, unsigned, std::uint32_t) override {}

  private:
    Bytes bytes_;
};

// A configuration space: the same answer each time.
class Space final : public Registers {
  public:
    explicit Space(Bytes bytes) : bytes_(bytes) {}
    std::uint32_t read(std::uint32_t offset, unsigned bytes) override {
        if (offset + bytes > 256 || offset % bytes != 0) std::abort();
        std::uint32_t value = 0;
        if (offset + bytes <= bytes_.size()) std::memcpy(&value, bytes_.data() + offset, bytes);
        return value;
    }
    void write(std::uint32_t, unsigned, std::uint32_t) override {}

  private:
    Bytes bytes_;
};

void set_up(Transport& device) {
    const auto features = negotiate(device, 0xff);
    if (features && ((*features & kVirtioVersion1) == 0 || (*features & ~(kVirtioVersion1 | 0xff)) != 0))
        std::abort();
    const std::uint32_t size = queue_size(device, 0, 256);
    if (size > 256 || (size & (size - 1)) != 0) std::abort();
    (void)device.enable_queue(0, size, parts_of_queue(0x1000, 256));
}

void look_at_acpi(Bytes bytes) {
    Memory memory(bytes);
    const AcpiFacts facts = read_acpi(memory, 1);
    for (const AcpiPower::Register& where : {facts.power.sleep[0], facts.power.sleep[1], facts.power.reset}) {
        if (where.where == AcpiPower::Where::kPort && where.address >= 0x1000) std::abort();
    }
    if (facts.button.status_port >= 0x1000 || facts.mmio_device_count > facts.mmio_devices.size())
        std::abort();
}

void look_at_pci(Bytes bytes) {
    Space space(bytes);
    PciFunction function(space);
    const auto layout = PciLayout::read(function);
    if (!layout) return;
    if (layout->common.size < 0x38 || layout->common.address >= std::uint64_t{1} << 52) std::abort();
    Stream registers(bytes.size() > 256 ? bytes.subspan(256) : Bytes());
    PciTransport transport(PciTransport::type_of(function), *layout, registers, registers);
    set_up(transport);
    const auto doorbell = transport.enable_queue(0, 2, {});
    if (doorbell && doorbell->address - layout->notify.address > layout->notify.size - 2) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const Bytes bytes = std::as_bytes(std::span(data, size)).subspan(1);
    switch (data[0] % 3) {
        case 0:
            look_at_acpi(std::as_bytes(std::span(data, size)));
            break;
        case 1:
            look_at_pci(bytes);
            break;
        default: {
            Stream registers(bytes);
            MmioTransport transport(registers, 0xfeb00000);
            if (transport.identify()) set_up(transport);
        }
    }
    return 0;
}
