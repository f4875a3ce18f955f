#include <map>
#include <set>

#include <doctest/doctest.h>

#include "kernel/drivers/virtio/mmio_transport.h"
#include "kernel/drivers/virtio/pci_transport.h"

using namespace holm;
using namespace holm::drivers;

namespace {

// Registers that remember what was written, and read as that, or as what the test says.
class FakeRegisters final : public Registers {
  public:
    std::map<std::uint32_t, std::uint32_t> values;
    std::set<std::uint32_t> deaf;  // offsets that keep their value

    std::uint32_t read(std::uint32_t offset, unsigned bytes) override {
        const std::uint32_t word = values[offset & ~3u];
        const std::uint32_t shifted = word >> offset % 4 * 8;
        return bytes == 4 ? shifted : shifted & ((1u << bytes * 8) - 1);
    }
    void write(std::uint32_t offset, unsigned bytes, std::uint32_t value) override {
        if (deaf.contains(offset)) return;
        std::uint32_t& word = values[offset & ~3u];
        const std::uint32_t mask = (bytes == 4 ? ~0u : (1u << bytes * 8) - 1) << offset % 4 * 8;
        word = (word & ~mask) | (value << offset % 4 * 8 & mask);
    }
};

struct MmioExample {
    FakeRegisters registers;
    MmioTransport transport{registers, 0xfeb00000};

    MmioExample() {
        registers.values = {{0x000, 0x74726976}, {0x004, 2}, {0x008, 1}, {0x034, 256}};
        registers.values[0x010] = 1;  // features: bit 0 and, in the other half, version 1
    }
};

constexpr std::uint64_t kBar = 0xfe000000;

struct PciExample {
    FakeRegisters configuration;
    PciFunction function{configuration};

    PciExample() {
        put(0x00, 0x10411af4);
        put(0x04, 0x0010'0000);                             // there is a list of capabilities
        put(0x20, static_cast<std::uint32_t>(kBar) | 0xc);  // base address 4: 64 bits, prefetchable
        put(0x34, 0x40);
        capability(0x40, 0x50, 1, 0x0000, 0x1000);
        capability(0x50, 0x60, 4, 0x2000, 0x1000);
        capability(0x60, 0x78, 2, 0x3000, 0x1000);
        put(0x70, 4);  // multiplier
        put(0x78, 0x0003'0011);
        put(0x7c, 0x0000'8004);  // table in base address 4
    }
    void put(std::uint32_t offset, std::uint32_t value) { configuration.values[offset] = value; }
    void capability(std::uint32_t at, std::uint8_t next, std::uint8_t type, std::uint32_t offset,
                    std::uint32_t size) {
        put(at, 0x09u | std::uint32_t{next} << 8 | 20u << 16 | std::uint32_t{type} << 24);
        put(at + 4, 4);
        put(at + 8, offset);
        put(at + 12, size);
    }
    Result<PciLayout> read() { return PciLayout::read(function); }
};

}  // namespace

TEST_CASE("a virtio-mmio device is what it says it is") {
    MmioExample example;
    CHECK(example.transport.identify());
    CHECK(example.transport.type() == kVirtioTypeNet);
    example.registers.values[0x004] = 1;
    CHECK(example.transport.identify().error().code == ErrorCode::kUnsupported);
    example.registers.values[0x008] = 0;
    CHECK(example.transport.identify().error().code == ErrorCode::kNoDevice);
    example.registers.values[0x000] = 0xffffffff;
    CHECK(example.transport.identify().error().code == ErrorCode::kNoDevice);
}

TEST_CASE("features are agreed on, and the device may say no") {
    MmioExample example;
    // The fake answers for both halves with the same bits: bit 0 and bit 32, version 1.
    const auto features = negotiate(example.transport, 1 << 0 | 1 << 5);
    REQUIRE(features);
    CHECK(*features == (kVirtioVersion1 | 1));
    CHECK(example.transport.status() == (kVirtioAcknowledge | kVirtioDriver | kVirtioFeaturesOk));
    start(example.transport);
    CHECK((example.transport.status() & kVirtioDriverOk) != 0);

    MmioExample legacy;
    legacy.registers.values[0x010] = 0;
    CHECK(negotiate(legacy.transport, ~std::uint64_t{0}).error().code == ErrorCode::kUnsupported);

    MmioExample stubborn;
    stubborn.registers.deaf = {0x070};
    CHECK(negotiate(stubborn.transport, 0).error().code == ErrorCode::kProtocol);
    stubborn.registers.values[0x070] = 7;
    CHECK(reset(stubborn.transport).error().code == ErrorCode::kProtocol);
}

TEST_CASE("a queue of a virtio-mmio device") {
    MmioExample example;
    CHECK(queue_size(example.transport, 0, 1024) == 256);
    example.registers.values[0x034] = 100;
    CHECK(queue_size(example.transport, 0, 1024) == 64);
    example.registers.values[0x034] = 0;
    CHECK(queue_size(example.transport, 0, 1024) == 0);
    const auto doorbell = example.transport.enable_queue(1, 64, parts_of_queue(0x1'2345'6000, 64));
    REQUIRE(doorbell);
    CHECK(doorbell->address == 0xfeb00050);
    CHECK(doorbell->value == 1);
    CHECK(example.registers.values[0x080] == 0x23456000);
    CHECK(example.registers.values[0x084] == 1);
    CHECK(example.registers.values[0x090] == 0x23456000 + 16 * 64);
    CHECK(example.registers.values[0x044] == 1);
    CHECK(example.transport.enable_queue(1, 64, {}).error().code == ErrorCode::kProtocol);  // in use
}

TEST_CASE("where the registers of a virtio-pci device lie") {
    PciExample example;
    CHECK(PciTransport::type_of(example.function) == kVirtioTypeNet);
    const auto layout = example.read();
    REQUIRE(layout);
    CHECK(layout->common.address == kBar);
    CHECK(layout->device.address == kBar + 0x2000);
    CHECK(layout->notify.address == kBar + 0x3000);
    CHECK(layout->notify_multiplier == 4);
    CHECK(layout->message_table == kBar + 0x8000);
    FakeRegisters table;
    enable_message(example.function, *layout, table, 0xfee00000, 0x22);
    CHECK(table.values[0] == 0xfee00000);
    CHECK(table.values[8] == 0x22);
    CHECK((example.configuration.values[0x78] >> 31) == 1);
}

TEST_CASE("hostile capabilities") {
    {
        PciExample example;  // a list that runs in a circle
        example.capability(0x60, 0x40, 2, 0x3000, 0x1000);
        const auto layout = example.read();
        REQUIRE(layout);
        CHECK(layout->message_capability == 0);
    }
    {
        PciExample example;
        example.put(0x34, 0xfc);  // a list that begins at the end
        CHECK(example.read().error().code == ErrorCode::kUnsupported);
    }
    {
        PciExample example;
        example.put(0x44, 6);  // a base address register that does not exist
        CHECK(example.read().error().code == ErrorCode::kProtocol);
    }
    {
        PciExample example;
        example.put(0x44, 5);
        example.put(0x24, 0x4);  // the last one cannot have 64 bits
        CHECK_FALSE(example.read());
    }
    {
        PciExample example;
        example.put(0x20, 0xc001);  // ports
        CHECK(example.read().error().code == ErrorCode::kUnsupported);
    }
    {
        PciExample example;
        example.put(0x24, 0xffffffff);  // beyond any memory
        CHECK(example.read().error().code == ErrorCode::kProtocol);
    }
    {
        PciExample example;
        example.capability(0x40, 0x50, 1, 0x0000, 0x10);  // too small
        CHECK(example.read().error().code == ErrorCode::kProtocol);
    }
    {
        PciExample example;
        example.put(0x20, 0xc);  // no address
        CHECK(example.read().error().code == ErrorCode::kUnsupported);
    }
}

TEST_CASE("a queue of a virtio-pci device") {
    PciExample example;
    const PciLayout layout = *example.read();
    FakeRegisters common, device;
    PciTransport transport(kVirtioTypeNet, layout, common, device);
    common.values[0x1c] = 3u << 16;  // not enabled; doorbell 3
    const auto doorbell = transport.enable_queue(0, 64, parts_of_queue(0x5000, 64));
    REQUIRE(doorbell);
    CHECK(doorbell->address == kBar + 0x3000 + 12);
    CHECK(transport.enable_queue(0, 64, {}).error().code == ErrorCode::kProtocol);  // in use
    common.values[0x1c] = 0xffffu << 16;
    CHECK(transport.enable_queue(0, 64, {}).error().code == ErrorCode::kProtocol);  // a doorbell far away
    CHECK(transport.config8(layout.device.size) == 0);
}

TEST_CASE("what is no virtio function") {
    PciExample example;
    example.put(0x00, 0x10408086);
    CHECK(PciTransport::type_of(example.function) == kVirtioTypeNone);
    example.put(0x00, 0x10801af4);
    CHECK(PciTransport::type_of(example.function) == kVirtioTypeNone);
    example.put(0x00, 0x10011af4);  // transitional: told by the subsystem
    example.put(0x2c, 0x0002'1af4);
    CHECK(PciTransport::type_of(example.function) == kVirtioTypeBlock);
}
