#include "tender/vm/machine_state.h"

#include <algorithm>
#include <cstring>

#include <linux/kvm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tender/vm/vcpu_calls.h"

namespace holm::tender {
namespace {

constexpr std::uint64_t kPage = elf::kPageSize;

}  // namespace

void copy_registers(const holm_upcall_frame& f, const kvm_sregs& special, CoreRegisters& to) {
    to = {.r15 = f.r15,
          .r14 = f.r14,
          .r13 = f.r13,
          .r12 = f.r12,
          .rbp = f.rbp,
          .rbx = f.rbx,
          .r11 = f.r11,
          .r10 = f.r10,
          .r9 = f.r9,
          .r8 = f.r8,
          .rax = f.rax,
          .rcx = f.rcx,
          .rdx = f.rdx,
          .rsi = f.rsi,
          .rdi = f.rdi,
          .orig_rax = ~std::uint64_t{0},
          .rip = f.rip,
          .cs = special.cs.selector,
          .rflags = f.rflags,
          .rsp = f.rsp,
          .ss = special.ss.selector,
          .fs_base = special.fs.base,
          .gs_base = special.gs.base,
          .ds = special.ds.selector,
          .es = special.es.selector,
          .fs = special.fs.selector,
          .gs = special.gs.selector};
}

void copy_registers(const CoreRegisters& from, holm_upcall_frame& to) {
    to.rax = from.rax;
    to.rbx = from.rbx;
    to.rcx = from.rcx;
    to.rdx = from.rdx;
    to.rsi = from.rsi;
    to.rdi = from.rdi;
    to.rbp = from.rbp;
    to.rsp = from.rsp;
    to.r8 = from.r8;
    to.r9 = from.r9;
    to.r10 = from.r10;
    to.r11 = from.r11;
    to.r12 = from.r12;
    to.r13 = from.r13;
    to.r14 = from.r14;
    to.r15 = from.r15;
    to.rip = from.rip;
    // What a program in ring 3 can set, but for the trap flag, which is the debugger's.
    constexpr std::uint64_t kUserFlags = 0x240cd5;
    to.rflags = (from.rflags & kUserFlags) | 0x202;
}

// Not the C library's ioctl(), which would sign-extend the request: the filter compares all 64 bits.
bool read_extended_state(int processor, ExtendedState& state) {
    std::array<std::byte, kKvmXsaveSize> area;
    if (syscall(SYS_ioctl, processor, kKvmGetXsave, area.data()) != 0) return false;
    static_assert(sizeof state.bytes < kKvmXsaveSize);
    std::memcpy(state.bytes.data(), area.data(), state.bytes.size());
    state.set_features(state.has_avx());
    return true;
}

bool write_extended_state(int processor, const ExtendedState& state) {
    std::array<std::byte, kKvmXsaveSize> area;
    if (syscall(SYS_ioctl, processor, kKvmGetXsave, area.data()) != 0) return false;
    std::byte* bytes = area.data();
    std::uint64_t present;
    std::memcpy(&present, bytes + ExtendedState::kPresent, sizeof present);
    std::memcpy(bytes, state.bytes.data(), ExtendedState::kFeatures);
    const std::span upper = std::span(state.bytes).subspan(ExtendedState::kUpperVectors);
    std::ranges::copy(upper, bytes + ExtendedState::kUpperVectors);
    present |= ExtendedState::kLegacyParts;
    // A machine without AVX must not be told of any.
    if (std::ranges::any_of(upper, [](std::byte byte) { return byte != std::byte{}; }))
        present |= ExtendedState::kAvxPart;
    std::memcpy(bytes + ExtendedState::kPresent, &present, sizeof present);
    return syscall(SYS_ioctl, processor, kKvmSetXsave, area.data()) == 0;
}

MutableBytes DebuggedMemory::at(std::uint64_t address, std::uint64_t size) const {
    const std::uint64_t entry = tables_.entry(address);
    constexpr std::uint64_t kNeeded = kPagePresent | kPageUser;
    if (address >= kUserEnd || (entry & kNeeded) != kNeeded || (entry & kPageAddressMask) >= backed_)
        return {};
    return {memory_.at(address), std::min(size, kPage - address % kPage)};
}

bool DebuggedMemory::read(std::uint64_t address, MutableBytes page) {
    const MutableBytes there = at(address, page.size());
    if (there.size() != page.size()) return false;
    std::memcpy(page.data(), there.data(), page.size());
    return true;
}

}  // namespace holm::tender
