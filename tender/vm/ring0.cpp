#include "tender/vm/ring0.h"

#include <cstring>

namespace holm::tender {
namespace {

constexpr std::uint64_t kStubSlot = 32;  // bytes of code for one vector
constexpr std::uint64_t kStackSize = 1024;

constexpr std::uint8_t kBreakpoint = 3;
constexpr std::uint8_t kOverflow = 4;

// Which of the four stacks; a number of the interrupt stack table, from 1 on.
constexpr std::uint8_t stack_of(std::uint32_t vector) {
    switch (vector) {
        case 2:
            return 2;  // NMI
        case 8:
            return 3;  // double fault
        case 18:
            return 4;  // machine check
        default:
            return 1;
    }
}

// Intel SDM vol. 3, table 6-1.
constexpr bool pushes_error_code(std::uint32_t vector) {
    return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 ||
           vector == 30;
}

void put(PageBytes page, std::uint64_t offset, std::uint64_t value) {
    std::memcpy(page.data() + offset, &value, sizeof value);
}

class Code {
  public:
    explicit Code(std::uint8_t* at) : at_(at) {}
    Code& bytes(std::initializer_list<std::uint8_t> code) {
        for (const std::uint8_t byte : code) *at_++ = byte;
        return *this;
    }
    Code& word(std::uint32_t value) {
        std::memcpy(at_, &value, sizeof value);
        at_ += sizeof value;
        return *this;
    }

  private:
    std::uint8_t* at_;
};

}  // namespace

std::uint64_t exception_frame_offset(std::uint32_t vector) {
    return stack_of(vector) * kStackSize - sizeof(ExceptionFrame);
}

void write_system_tables(PageBytes page, const AddressMap& map) {
    for (std::uint32_t vector = 0; vector < kExceptions; vector++) {
        const std::uint64_t handler = map.stub + vector * kStubSlot;
        // int3 and into are for everybody; another vector asked for by an `int` is a general protection
        // fault.
        const std::uint64_t from_ring = vector == kBreakpoint || vector == kOverflow ? 3 : 0;
        const std::uint64_t kind = 0x8e | from_ring << 5;  // present interrupt gate
        put(page, kIdtOffset + vector * 16,
            (handler & 0xffff) | std::uint64_t{kKernelCodeSegment} << 16 |
                std::uint64_t{stack_of(vector)} << 32 | kind << 40 | (handler >> 16 & 0xffff) << 48);
        put(page, kIdtOffset + vector * 16 + 8, handler >> 32);
    }

    // Flat segments, "accessed" already, so that the processor never writes here.
    put(page, kGdtOffset + 0x10, 0x00af9b000000ffff);
    put(page, kGdtOffset + 0x18, 0x00cf93000000ffff);
    put(page, kGdtOffset + 0x28, 0x00cff3000000ffff);
    put(page, kGdtOffset + 0x30, 0x00affb000000ffff);
    const std::uint64_t tss = map.system_tables + kTssOffset;
    put(page, kGdtOffset + kTaskStateSegment,
        (kTssSize - 1) | (tss & 0xffffff) << 16 | std::uint64_t{0x8b} << 40 | (tss >> 24 & 0xff) << 56);
    put(page, kGdtOffset + kTaskStateSegment + 8, tss >> 32);

    put(page, kTssOffset + 4, map.stacks + kStackSize);  // RSP0; every gate names a stack, so it is not used
    for (std::uint64_t i = 0; i < 4; i++)
        put(page, kTssOffset + 0x24 + 8 * i, map.stacks + (i + 1) * kStackSize);
    const std::uint16_t beyond = kTssSize;
    std::memcpy(page.data() + kTssOffset + 0x66, &beyond, sizeof beyond);
}

void write_stub(PageBytes page, const AddressMap& map) {
    for (std::uint32_t vector = 0; vector < kExceptions; vector++) {
        const std::uint64_t start = vector * kStubSlot;
        Code code(page.data() + start);
        std::uint64_t size = 0;
        if (!pushes_error_code(vector)) {
            code.bytes({0x6a, 0});  // push $0
            size += 2;
        }
        code.bytes({0x6a, static_cast<std::uint8_t>(vector)});  // push $vector
        size += 2 + 11;
        // movq $vector, faults(%rip): the tender's turn
        code.bytes({0x48, 0xc7, 0x05})
            .word(static_cast<std::uint32_t>(map.faults - (map.stub + start + size)))
            .word(vector);
        code.bytes({0x48, 0x83, 0xc4, 0x10});  // add $16, %rsp
        code.bytes({0x48, 0xcf});              // iretq
    }
}

void set_segments(kvm_sregs& registers, const AddressMap& map) {
    const kvm_segment code{.base = 0,
                           .limit = ~0u,
                           .selector = kUserCodeSegment,
                           .type = 11,
                           .present = 1,
                           .dpl = 3,
                           .db = 0,
                           .s = 1,
                           .l = 1,
                           .g = 1};
    kvm_segment data = code;
    data.selector = kUserDataSegment;
    data.type = 3;
    data.l = 0;
    data.db = 1;
    registers.cs = code;
    registers.ss = registers.ds = registers.es = registers.fs = registers.gs = data;
    registers.tr = {.base = map.system_tables + kTssOffset,
                    .limit = kTssSize - 1,
                    .selector = kTaskStateSegment,
                    .type = 11,
                    .present = 1};
    registers.ldt = {.unusable = 1};
    registers.gdt = {.base = map.system_tables + kGdtOffset, .limit = kGdtSize - 1};
    registers.idt = {.base = map.system_tables + kIdtOffset, .limit = kIdtSize - 1};
}

}  // namespace holm::tender
