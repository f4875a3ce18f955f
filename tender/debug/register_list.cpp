#include "tender/debug/register_list.h"

namespace holm::tender {
namespace {

// Offsets in the 512 bytes that FXSAVE writes (Intel SDM vol. 1, 10.5.1).
constexpr std::size_t kControl = 0, kStatus = 2, kTag = 4, kOpcode = 6, kInstruction = 8, kOperand = 16,
                      kMxcsr = 24, kStack = 32, kVectors = 160;

constexpr std::uint64_t CoreRegisters::* kWide[] = {
    &CoreRegisters::rax, &CoreRegisters::rbx, &CoreRegisters::rcx, &CoreRegisters::rdx, &CoreRegisters::rsi,
    &CoreRegisters::rdi, &CoreRegisters::rbp, &CoreRegisters::rsp, &CoreRegisters::r8,  &CoreRegisters::r9,
    &CoreRegisters::r10, &CoreRegisters::r11, &CoreRegisters::r12, &CoreRegisters::r13, &CoreRegisters::r14,
    &CoreRegisters::r15, &CoreRegisters::rip};
constexpr std::uint64_t CoreRegisters::* kNarrow[] = {
    &CoreRegisters::rflags, &CoreRegisters::cs, &CoreRegisters::ss, &CoreRegisters::ds,
    &CoreRegisters::es,     &CoreRegisters::fs, &CoreRegisters::gs};
constexpr std::uint64_t CoreRegisters::* kLast[] = {&CoreRegisters::orig_rax, &CoreRegisters::fs_base,
                                                    &CoreRegisters::gs_base};

constexpr std::size_t kFirstNarrow = std::size(kWide);
constexpr std::size_t kFirstStack = kFirstNarrow + std::size(kNarrow);
constexpr std::size_t kFirstControl = kFirstStack + 8;
constexpr std::size_t kFirstVector = kFirstControl + 8;
constexpr std::size_t kMxcsrNumber = kFirstVector + 16;
constexpr std::size_t kFirstLast = kMxcsrNumber + 1;
constexpr std::size_t kFirstUpper = kFirstLast + std::size(kLast);
static_assert(kFirstUpper + 16 == kRegisterCount);

MutableBytes bytes_of(std::uint64_t& value, std::size_t size) {
    return {reinterpret_cast<std::byte*>(&value), size};
}

// fctrl, fstat, ftag, fiseg, fioff, foseg, fooff, fop: where they are in the FXSAVE image, and how many bytes
// of the four on the wire come from there. The selectors are not kept in 64-bit mode.
struct Place {
    std::size_t offset;
    std::size_t size;
};
constexpr Place kControls[] = {{kControl, 2},     {kStatus, 2}, {kTag, 1},     {0, 0},
                               {kInstruction, 4}, {0, 0},       {kOperand, 4}, {kOpcode, 2}};

}  // namespace

std::size_t register_size(std::size_t number) {
    if (number >= kFirstUpper) return 16;
    if (number < kFirstNarrow || number >= kFirstLast) return 8;
    if (number >= kFirstStack && number < kFirstControl) return 10;
    if (number >= kFirstVector && number < kMxcsrNumber) return 16;
    return 4;
}

MutableBytes register_bytes(CoreThread& thread, std::size_t number) {
    const MutableBytes saved(thread.extended.bytes);
    if (number < kFirstNarrow) return bytes_of(thread.registers.*kWide[number], 8);
    if (number < kFirstStack) return bytes_of(thread.registers.*kNarrow[number - kFirstNarrow], 4);
    if (number < kFirstControl) return saved.subspan(kStack + 16 * (number - kFirstStack), 10);
    if (number < kFirstVector) {
        const Place& place = kControls[number - kFirstControl];
        return saved.subspan(place.offset, place.size);
    }
    if (number < kMxcsrNumber) return saved.subspan(kVectors + 16 * (number - kFirstVector), 16);
    if (number == kMxcsrNumber) return saved.subspan(kMxcsr, 4);
    if (number < kFirstUpper) return bytes_of(thread.registers.*kLast[number - kFirstLast], 8);
    if (!thread.extended.has_avx()) return {};
    return saved.subspan(ExtendedState::kUpperVectors + 16 * (number - kFirstUpper), 16);
}

constinit const std::string_view kTargetDescription =
    R"(<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target version="1.0"><architecture>i386:x86-64</architecture>)"
    R"(<feature name="org.gnu.gdb.i386.core">)"
    R"(<reg name="rax" bitsize="64" type="int64"/>)"
    R"(<reg name="rbx" bitsize="64" type="int64"/>)"
    R"(<reg name="rcx" bitsize="64" type="int64"/>)"
    R"(<reg name="rdx" bitsize="64" type="int64"/>)"
    R"(<reg name="rsi" bitsize="64" type="int64"/>)"
    R"(<reg name="rdi" bitsize="64" type="int64"/>)"
    R"(<reg name="rbp" bitsize="64" type="data_ptr"/>)"
    R"(<reg name="rsp" bitsize="64" type="data_ptr"/>)"
    R"(<reg name="r8" bitsize="64" type="int64"/>)"
    R"(<reg name="r9" bitsize="64" type="int64"/>)"
    R"(<reg name="r10" bitsize="64" type="int64"/>)"
    R"(<reg name="r11" bitsize="64" type="int64"/>)"
    R"(<reg name="r12" bitsize="64" type="int64"/>)"
    R"(<reg name="r13" bitsize="64" type="int64"/>)"
    R"(<reg name="r14" bitsize="64" type="int64"/>)"
    R"(<reg name="r15" bitsize="64" type="int64"/>)"
    R"(<reg name="rip" bitsize="64" type="code_ptr"/>)"
    R"(<reg name="eflags" bitsize="32" type="int32"/>)"
    R"(<reg name="cs" bitsize="32" type="int32"/>)"
    R"(<reg name="ss" bitsize="32" type="int32"/>)"
    R"(<reg name="ds" bitsize="32" type="int32"/>)"
    R"(<reg name="es" bitsize="32" type="int32"/>)"
    R"(<reg name="fs" bitsize="32" type="int32"/>)"
    R"(<reg name="gs" bitsize="32" type="int32"/>)"
    R"(<reg name="st0" bitsize="80" type="i387_ext"/>)"
    R"(<reg name="st1" bitsize="80" type="i387_ext"/>)"
    R"(<reg name="st2" bitsize="80" type="i387_ext"/>)"
    R"(<reg name="st3" bitsize="80" type="i387_ext"/>)"
    R"(<reg name="st4" bitsize="80" type="i387_ext"/>)"
    R"(<reg name="st5" bitsize="80" type="i387_ext"/>)"
    R"(<reg name="st6" bitsize="80" type="i387_ext"/>)"
    R"(<reg name="st7" bitsize="80" type="i387_ext"/>)"
    R"(<reg name="fctrl" bitsize="32" type="int" group="float"/>)"
    R"(<reg name="fstat" bitsize="32" type="int" group="float"/>)"
    R"(<reg name="ftag" bitsize="32" type="int" group="float"/>)"
    R"(<reg name="fiseg" bitsize="32" type="int" group="float"/>)"
    R"(<reg name="fioff" bitsize="32" type="int" group="float"/>)"
    R"(<reg name="foseg" bitsize="32" type="int" group="float"/>)"
    R"(<reg name="fooff" bitsize="32" type="int" group="float"/>)"
    R"(<reg name="fop" bitsize="32" type="int" group="float"/>)"
    R"(</feature><feature name="org.gnu.gdb.i386.sse">)"
    R"(<vector id="v4f" type="ieee_single" count="4"/><vector id="v2d" type="ieee_double" count="2"/>)"
    R"(<vector id="v16i8" type="int8" count="16"/><vector id="v8i16" type="int16" count="8"/>)"
    R"(<vector id="v4i32" type="int32" count="4"/><vector id="v2i64" type="int64" count="2"/>)"
    R"(<union id="vec128"><field name="v4_float" type="v4f"/><field name="v2_double" type="v2d"/>)"
    R"(<field name="v16_int8" type="v16i8"/><field name="v8_int16" type="v8i16"/><field name="v4_int32" type="v4i32"/>)"
    R"(<field name="v2_int64" type="v2i64"/><field name="uint128" type="uint128"/></union>)"
    R"(<reg name="xmm0" bitsize="128" type="vec128"/>)"
    R"(<reg name="xmm1" bitsize="128" type="vec128"/>)"
    R"(<reg name="xmm2" bitsize="128" type="vec128"/>)"
    R"(<reg name="xmm3" bitsize="128" type="vec128"/>)"
    R"(<reg name="xmm4" bitsize="128" type="vec128"/>)"
    R"(<reg name="xmm5" bitsize="128" type="vec128"/>)"
    R"(<reg name="xmm6" bitsize="128" type="vec128"/>)"
    R"(<reg name="xmm7" bitsize="128" type="vec128"/>)"
    R"(<reg name="xmm8" bitsize="128" type="vec128"/>)"
    R"(<reg name="xmm9" bitsize="128" type="vec128"/>)"
    R"(<reg name="xmm10" bitsize="128" type="vec128"/>)"
    R"(<reg name="xmm11" bitsize="128" type="vec128"/>)"
    R"(<reg name="xmm12" bitsize="128" type="vec128"/>)"
    R"(<reg name="xmm13" bitsize="128" type="vec128"/>)"
    R"(<reg name="xmm14" bitsize="128" type="vec128"/>)"
    R"(<reg name="xmm15" bitsize="128" type="vec128"/>)"
    R"(<reg name="mxcsr" bitsize="32" type="int" group="vector"/></feature>)"
    R"(<feature name="org.gnu.gdb.i386.linux"><reg name="orig_rax" bitsize="64" type="int" group="system"/></feature>)"
    R"(<feature name="org.gnu.gdb.i386.segments"><reg name="fs_base" bitsize="64" type="int"/><reg name="gs_base" bitsize="64" type="int"/></feature>)"
    R"(<feature name="org.gnu.gdb.i386.avx">)"
    R"(<reg name="ymm0h" bitsize="128" type="uint128"/>)"
    R"(<reg name="ymm1h" bitsize="128" type="uint128"/>)"
    R"(<reg name="ymm2h" bitsize="128" type="uint128"/>)"
    R"(<reg name="ymm3h" bitsize="128" type="uint128"/>)"
    R"(<reg name="ymm4h" bitsize="128" type="uint128"/>)"
    R"(<reg name="ymm5h" bitsize="128" type="uint128"/>)"
    R"(<reg name="ymm6h" bitsize="128" type="uint128"/>)"
    R"(<reg name="ymm7h" bitsize="128" type="uint128"/>)"
    R"(<reg name="ymm8h" bitsize="128" type="uint128"/>)"
    R"(<reg name="ymm9h" bitsize="128" type="uint128"/>)"
    R"(<reg name="ymm10h" bitsize="128" type="uint128"/>)"
    R"(<reg name="ymm11h" bitsize="128" type="uint128"/>)"
    R"(<reg name="ymm12h" bitsize="128" type="uint128"/>)"
    R"(<reg name="ymm13h" bitsize="128" type="uint128"/>)"
    R"(<reg name="ymm14h" bitsize="128" type="uint128"/>)"
    R"(<reg name="ymm15h" bitsize="128" type="uint128"/>)"
    R"(</feature></target>)";

}  // namespace holm::tender
