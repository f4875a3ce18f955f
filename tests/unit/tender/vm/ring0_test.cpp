#include "tender/vm/ring0.h"

#include <array>
#include <cstring>

#include <doctest/doctest.h>

namespace holm::tender {
namespace {

AddressMap example() {
    return compute_address_map({.base = random_base(0x123456789abcdef),
                                .image_span = 0xe000,
                                .stack_size = 256 << 10,
                                .strings_size = 100,
                                .device_count = 0,
                                .rings_size = 0,
                                .heap_size = 16 << 20,
                                .heap_alignment = 4096});
}

struct Page {
    std::uint64_t word(std::uint64_t offset) const {
        std::uint64_t value;
        std::memcpy(&value, bytes.data() + offset, sizeof value);
        return value;
    }
    std::array<std::uint8_t, 4096> bytes{};
};

std::uint64_t handler_of(const Page& tables, std::uint32_t vector) {
    const std::uint64_t low = tables.word(kIdtOffset + 16 * vector);
    return (low & 0xffff) | (low >> 48) << 16 | tables.word(kIdtOffset + 16 * vector + 8) << 32;
}

}  // namespace

TEST_CASE("each exception has a gate into the stub, and only two are open to ring 3") {
    const AddressMap map = example();
    Page tables;
    write_system_tables(tables.bytes, map);
    for (std::uint32_t vector = 0; vector < kExceptions; vector++) {
        CAPTURE(vector);
        const std::uint64_t gate = tables.word(kIdtOffset + 16 * vector);
        CHECK(handler_of(tables, vector) >= map.stub);
        CHECK(handler_of(tables, vector) < map.stub + 4096);
        CHECK((gate >> 16 & 0xffff) == kKernelCodeSegment);
        CHECK((gate >> 40 & 0x9f) == 0x8e);  // a present interrupt gate
        CHECK((gate >> 45 & 3) == (vector == 3 || vector == 4 ? 3 : 0));
        const std::uint64_t stack = gate >> 32 & 7;
        REQUIRE(stack != 0);
        CHECK(tables.word(kTssOffset + 0x24 + 8 * (stack - 1)) ==
              map.stacks + exception_frame_offset(vector) + sizeof(ExceptionFrame));
    }
}

TEST_CASE("ring 3 has no I/O ports") {
    Page tables;
    write_system_tables(tables.bytes, example());
    std::uint16_t bitmap;
    std::memcpy(&bitmap, tables.bytes.data() + kTssOffset + 0x66, sizeof bitmap);
    CHECK(bitmap >= kTssSize);
}

TEST_CASE("every handler pushes a whole frame and stores its number to the page of faults") {
    const AddressMap map = example();
    Page stub;
    write_stub(stub.bytes, map);
    Page tables;
    write_system_tables(tables.bytes, map);
    for (std::uint32_t vector = 0; vector < kExceptions; vector++) {
        CAPTURE(vector);
        const std::uint64_t handler = handler_of(tables, vector);
        const std::uint8_t* code = stub.bytes.data() + (handler - map.stub);
        const bool has_code = vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 ||
                              vector == 29 || vector == 30;
        if (!has_code) {
            CHECK(code[0] == 0x6a);
            CHECK(code[1] == 0);
            code += 2;
        }
        CHECK(code[0] == 0x6a);
        CHECK(code[1] == vector);
        CHECK(code[2] == 0x48);
        CHECK(code[3] == 0xc7);
        CHECK(code[4] == 0x05);
        std::int32_t distance;
        std::memcpy(&distance, code + 5, sizeof distance);
        const auto next = static_cast<std::uint64_t>(code + 13 - stub.bytes.data()) + map.stub;
        CHECK(next + static_cast<std::uint64_t>(static_cast<std::int64_t>(distance)) == map.faults);
        CHECK(code[9] == vector);
        CHECK(code[17] == 0x48);
        CHECK(code[18] == 0xcf);
    }
}

TEST_CASE("the processor starts in ring 3 with flat segments") {
    kvm_sregs registers{};
    const AddressMap map = example();
    set_segments(registers, map);
    CHECK(registers.cs.dpl == 3);
    CHECK((registers.cs.selector & 3) == 3);
    CHECK(registers.cs.l == 1);
    CHECK(registers.ss.dpl == 3);
    CHECK(registers.fs.base == 0);
    CHECK(registers.gs.base == 0);
    CHECK(registers.idt.limit == 32 * 16 - 1);
}

}  // namespace holm::tender
