#include "kernel/platform/virtio/acpi.h"

#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/unit/kernel/virtio_platform/fake_memory.h"

using namespace holm::platform;

namespace {

struct Table {
    std::vector<std::byte> bytes;

    Table(const char* signature, std::size_t size) : bytes(size) {
        std::memcpy(bytes.data(), signature, 4);
        put(4, static_cast<std::uint32_t>(size));
    }
    template <typename T>
    Table& put(std::size_t offset, T value) {
        std::memcpy(bytes.data() + offset, &value, sizeof value);
        return *this;
    }
    Table& text(std::size_t offset, std::string_view value) {
        std::memcpy(bytes.data() + offset, value.data(), value.size());
        return *this;
    }
};

// A machine as QEMU's q35 describes it.
struct Example {
    FakeMemory memory;
    Table fixed = Table("FACP", 276);
    Table code = Table("DSDT", 400);

    Example() {
        fixed.put<std::uint32_t>(40, 0x4000).put<std::uint16_t>(46, 9).put<std::uint32_t>(48, 0xb2);
        fixed.put<std::uint8_t>(52, 2).put<std::uint32_t>(56, 0x600).put<std::uint32_t>(64, 0x604);
        fixed.put<std::uint8_t>(88, 4);
        code.text(100, std::string_view("\x08_S5_\x12\x06\x04\x0a\x05\x00\x00\x00", 13));
    }
    AcpiFacts read(bool wide = false) {
        std::vector<std::byte> root(36);
        std::memcpy(root.data(), "RSD PTR ", 8);
        const std::uint32_t list_address = 0x2000;
        if (wide) {
            root[15] = std::byte{2};
            const std::uint64_t address = list_address;
            std::memcpy(root.data() + 24, &address, 8);
        } else {
            std::memcpy(root.data() + 16, &list_address, 4);
        }
        Table list(wide ? "XSDT" : "RSDT", wide ? 36 + 16 : 36 + 8);
        if (wide) {
            list.put<std::uint64_t>(36, 0x9999).put<std::uint64_t>(44, 0x3000);
        } else {
            list.put<std::uint32_t>(36, 0x9999).put<std::uint32_t>(40, 0x3000);
        }
        memory.put_bytes(0x1000, root);
        memory.put_bytes(0x2000, list.bytes);
        memory.put_bytes(0x3000, fixed.bytes);
        memory.put_bytes(0x4000, code.bytes);
        return read_acpi(memory, 0x1000);
    }
};

}  // namespace

TEST_CASE("soft-off and the power button of a PC") {
    for (const bool wide : {false, true}) {
        const AcpiFacts facts = Example().read(wide);
        CHECK(facts.power.sleep[0].where == AcpiPower::Where::kPort);
        CHECK(facts.power.sleep[0].address == 0x604);
        CHECK(facts.power.sleep[0].value == (5 << 10 | 1 << 13));
        CHECK(facts.power.sleep[0].wide);
        CHECK(facts.power.sleep[1].where == AcpiPower::Where::kNone);
        CHECK(facts.button.status_port == 0x600);
        CHECK(facts.button.enable_port == 0x602);
        CHECK(facts.button.interrupt == 9);
        CHECK(facts.button.switch_value == 2);
        CHECK(facts.mmio_device_count == 0);
    }
}

TEST_CASE("hardware that is reduced to registers") {
    Example example;
    example.fixed.put<std::uint32_t>(112, 1 << 20 | 1 << 10);
    example.fixed.put<std::uint8_t>(116, 1)
        .put<std::uint64_t>(120, 0x3c0)
        .put<std::uint8_t>(128, 1);                                               // reset
    example.fixed.put<std::uint8_t>(244, 0).put<std::uint64_t>(248, 0xfea00200);  // sleep control
    const AcpiFacts facts = example.read();
    CHECK(facts.power.sleep[0].where == AcpiPower::Where::kMemory);
    CHECK(facts.power.sleep[0].address == 0xfea00200);
    CHECK(facts.power.sleep[0].value == (5 << 2 | 1 << 5));
    CHECK(facts.power.reset.where == AcpiPower::Where::kPort);
    CHECK(facts.power.reset.address == 0x3c0);
    CHECK(facts.button.status_port == 0);
}

TEST_CASE("virtio-mmio devices in the bytecode") {
    Example example;
    example.code.text(200, "LNRO0005");
    example.code.text(220, std::string_view("\x86\x09\x00\x01\x00\x02\xb0\xfe\x00\x02\x00\x00", 12));
    example.code.text(232, std::string_view("\x89\x06\x00\x05\x01\x11\x00\x00\x00", 9));
    example.code.text(380, "LNRO0005");  // nothing behind it
    const AcpiFacts facts = example.read();
    REQUIRE(facts.mmio_device_count == 1);
    CHECK(facts.mmio_devices[0].address == 0xfeb00200);
    CHECK(facts.mmio_devices[0].size == 0x200);
    CHECK(facts.mmio_devices[0].interrupt == 17);
}

TEST_CASE("without tables, or with nonsense in them, a machine has no ACPI") {
    FakeMemory nothing;
    CHECK(read_acpi(nothing, 0).power.sleep[0].where == AcpiPower::Where::kNone);
    CHECK(read_acpi(nothing, 0xe0000).power.sleep[0].where == AcpiPower::Where::kNone);
    {
        Example example;
        example.fixed.put<std::uint32_t>(4, 0x7fffffff);  // its size
        CHECK(example.read().button.status_port == 0);
    }
    {
        Example example;
        example.fixed.put<std::uint32_t>(40, 0x12345678);  // its bytecode
        CHECK(example.read().power.sleep[0].where == AcpiPower::Where::kNone);
    }
    {
        Example example;
        example.fixed.put<std::uint32_t>(64, 0xfffffff0);  // a port that is none
        CHECK(example.read().power.sleep[0].where == AcpiPower::Where::kNone);
    }
    {
        Example example;
        example.code.text(
            100, std::string_view("\x08_S5_\x12\x06\x04\x0a\xff\x00\x00\x00", 13));  // a state of 8 or more
        CHECK(example.read().power.sleep[0].where == AcpiPower::Where::kNone);
    }
}
