#include "tender/vm/machine_state.h"

#include <algorithm>
#include <cstring>

#include <linux/kvm.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace holm::tender {
namespace {

constexpr std::uint64_t kPage = elf::kPageSize;

// Offsets of FXSAVE's image (Intel SDM vol. 1, 10.5.1).
constexpr std::size_t kControl = 0, kStatus = 2, kTag = 4, kOpcode = 6, kInstruction = 8, kOperand = 16,
                      kMxcsr = 24, kStack = 32, kVectors = 160;

struct Field {
    std::size_t saved;
    void* kernel;
    std::size_t size;
};

std::array<Field, 9> fields_of(kvm_fpu& fpu) {
    return {{{kControl, &fpu.fcw, 2},
             {kStatus, &fpu.fsw, 2},
             {kTag, &fpu.ftwx, 1},
             {kOpcode, &fpu.last_opcode, 2},
             {kInstruction, &fpu.last_ip, 8},
             {kOperand, &fpu.last_dp, 8},
             {kMxcsr, &fpu.mxcsr, 4},
             {kStack, fpu.fpr, sizeof fpu.fpr},
             {kVectors, fpu.xmm, sizeof fpu.xmm}}};
}

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
bool read_floating_point(int processor, std::span<std::byte, 512> saved) {
    kvm_fpu fpu{};
    if (syscall(SYS_ioctl, processor, KVM_GET_FPU, &fpu) != 0) return false;
    for (const Field& field : fields_of(fpu)) std::memcpy(&saved[field.saved], field.kernel, field.size);
    return true;
}

bool write_floating_point(int processor, std::span<const std::byte, 512> saved) {
    kvm_fpu fpu{};
    for (const Field& field : fields_of(fpu)) std::memcpy(field.kernel, &saved[field.saved], field.size);
    return syscall(SYS_ioctl, processor, KVM_SET_FPU, &fpu) == 0;
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
