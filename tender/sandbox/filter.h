#pragma once

// The seccomp filter, made from kSystemCalls. An instance without block devices gets the one that was
// compiled when the tender was built: at start only the address of the gate, which is random, is patched in.
// Descriptors and sizes of block devices are known at start alone, so the same code then makes the filter
// that has them.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "abi/manifest.h"
#include "tender/sandbox/system_calls.h"

namespace holm::tender {

// struct sock_filter of <linux/filter.h>, which is not everywhere that this compiles.
struct FilterInstruction {
    std::uint16_t code;
    std::uint8_t jump_true;   // instructions to skip when the comparison holds
    std::uint8_t jump_false;  // ... and when it does not
    std::uint32_t operand;
};
static_assert(sizeof(FilterInstruction) == 8);

// A block device that may be written to.
struct WritableDevice {
    std::uint32_t descriptor;
    std::uint64_t size;  // bytes
};

namespace filter_detail {

// Opcodes of classic BPF (<linux/bpf_common.h>).
constexpr std::uint16_t kLoadWord = 0x20;           // BPF_LD | BPF_W | BPF_ABS
constexpr std::uint16_t kLoadScratch = 0x60;        // BPF_LD | BPF_MEM
constexpr std::uint16_t kStoreScratch = 0x02;       // BPF_ST
constexpr std::uint16_t kToIndex = 0x07;            // BPF_MISC | BPF_TAX
constexpr std::uint16_t kAdd = 0x04;                // BPF_ALU | BPF_ADD | BPF_K
constexpr std::uint16_t kAddIndex = 0x0c;           // BPF_ALU | BPF_ADD | BPF_X
constexpr std::uint16_t kJump = 0x05;               // BPF_JMP | BPF_JA
constexpr std::uint16_t kJumpEqual = 0x15;          // BPF_JMP | BPF_JEQ | BPF_K
constexpr std::uint16_t kJumpAbove = 0x25;          // BPF_JMP | BPF_JGT | BPF_K
constexpr std::uint16_t kJumpNotBelowIndex = 0x3d;  // BPF_JMP | BPF_JGE | BPF_X
constexpr std::uint16_t kReturn = 0x06;             // BPF_RET | BPF_K

// Offsets in struct seccomp_data (<linux/seccomp.h>); 64-bit fields are compared by halves.
constexpr std::uint32_t kNumber = 0;
constexpr std::uint32_t kArchitecture = 4;
constexpr std::uint32_t kInstructionPointer = 8;
constexpr std::uint32_t argument(unsigned index) {
    return 16 + index * 8;
}
constexpr std::uint32_t kHigh = 4;  // added to one of these: its upper half

constexpr std::uint32_t kArchitectureX86_64 = 0xc000003e;  // AUDIT_ARCH_X86_64; i386 calls are killed
constexpr std::uint32_t kAllow = 0x7fff0000;               // SECCOMP_RET_ALLOW
constexpr std::uint32_t kKillProcess = 0x80000000;         // SECCOMP_RET_KILL_PROCESS
constexpr std::uint32_t kOnlyHoles = 3;                    // FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE

constexpr std::size_t count_calls(bool block) {
    std::size_t count = 0;
    for (const SystemCall& call : kSystemCalls) count += block || call.need == Need::kAlways;
    return count;
}

// arch check (2), number (1), one comparison a call, jump to kill (1), protection (4), gate (4), allow, kill.
constexpr std::size_t base_size(bool block) {
    return 3 + count_calls(block) + 1 + 4 + 4 + 2;
}
// The two comparisons with the address after the gate's `syscall`: of its lower half, and two later of its
// upper.
constexpr std::size_t gate_comparison(bool block) {
    return 3 + count_calls(block) + 1 + 4 + 1;
}
constexpr std::size_t holes_size(std::size_t devices) {
    return 3 + devices + 2;
}
constexpr std::size_t kDeviceClause = 9;
constexpr std::size_t range_size(std::size_t devices) {
    return 16 + devices * kDeviceClause + 1;
}

}  // namespace filter_detail

constexpr std::size_t filter_size(bool block, std::size_t writable_devices) {
    using namespace filter_detail;
    return base_size(block) + (block ? holes_size(writable_devices) + range_size(writable_devices) : 0);
}
constexpr std::size_t kSmallestFilter = filter_size(false, 0);
constexpr std::size_t kLargestFilter = filter_size(true, HOLM_MAX_DEVICES);
static_assert(kLargestFilter <= 4096);  // BPF_MAXINSNS

// pwrite64, from its arguments alone: size < 2^32, and offset + size <= the device's size in 64-bit
// arithmetic, from 32-bit halves; anything else is killed. The scratch words 0 and 1 hold the lower and upper
// half of the sum. Its length is range_size(devices.size()); it can stand anywhere.
constexpr std::size_t compile_range(std::span<const WritableDevice> devices,
                                    std::span<FilterInstruction> into) {
    using namespace filter_detail;
    std::size_t at = 0;
    const auto emit = [&](std::uint16_t code, std::uint32_t operand, std::uint8_t jump_true = 0,
                          std::uint8_t jump_false = 0) {
        into[at++] = {code, jump_true, jump_false, operand};
    };
    emit(kLoadWord, argument(2) + kHigh);
    emit(kJumpEqual, 0, 1, 0);
    emit(kReturn, kKillProcess);
    emit(kLoadWord, argument(2));
    emit(kToIndex, 0);
    emit(kLoadWord, argument(3));
    emit(kAddIndex, 0);
    emit(kStoreScratch, 0);
    emit(kJumpNotBelowIndex, 0, 5, 0);  // no carry
    emit(kLoadWord, argument(3) + kHigh);
    emit(kAdd, 1);
    emit(kJumpEqual, 0, 0, 1);
    emit(kReturn, kKillProcess);  // past 2^64
    emit(kJump, 1);
    emit(kLoadWord, argument(3) + kHigh);
    emit(kStoreScratch, 1);
    for (const WritableDevice& device : devices) {
        const auto high = static_cast<std::uint32_t>(device.size >> 32);
        emit(kLoadWord, argument(0));
        emit(kJumpEqual, device.descriptor, 0, kDeviceClause - 2);
        emit(kLoadScratch, 1);
        emit(kJumpAbove, high, 4, 0);
        emit(kJumpEqual, high, 0, 2);
        emit(kLoadScratch, 0);
        emit(kJumpAbove, static_cast<std::uint32_t>(device.size), 1, 0);
        emit(kReturn, kAllow);
        emit(kReturn, kKillProcess);
    }
    emit(kReturn, kKillProcess);
    return at;
}

// A filter of its own for the threads that write one device and have another filter for all the rest
// (thread_filter.h): of two filters, the stricter answer counts.
constexpr std::size_t range_filter_size(std::size_t devices) {
    return 3 + filter_detail::range_size(devices);
}
constexpr void compile_range_filter(std::span<const WritableDevice> devices,
                                    std::span<FilterInstruction> into) {
    using namespace filter_detail;
    constexpr std::uint32_t kPwrite64 = 18;
    into[0] = {kLoadWord, 0, 0, kNumber};
    into[1] = {kJumpEqual, 1, 0, kPwrite64};
    into[2] = {kReturn, 0, 0, kAllow};
    compile_range(devices, into.subspan(3));
}

class FilterCompiler {
  public:
    // `into` has room for filter_size(block, devices.size()) instructions.
    constexpr FilterCompiler(bool block, std::span<const WritableDevice> devices,
                             std::span<FilterInstruction> into)
        : block_(block), devices_(devices), code_(into) {}

    // x32 calls carry the x86-64 architecture and bit 30 in their number: they equal no number of the list,
    // so they are killed like every other unknown number.
    constexpr void compile(std::uint64_t address_after_gate_call) {
        using namespace filter_detail;
        const std::size_t protection = 3 + count_calls(block_) + 1;
        const std::size_t gate = protection + 4;
        allow_ = gate + 4;
        kill_ = allow_ + 1;
        const std::size_t holes = kill_ + 1;
        const std::size_t range = holes + holes_size(devices_.size());

        require(kArchitecture, kArchitectureX86_64);
        emit(kLoadWord, kNumber);
        for (const SystemCall& call : kSystemCalls) {
            if (!block_ && call.need == Need::kBlockDevice) continue;
            std::size_t target = allow_;
            if (call.bound == Bound::kGate) target = gate;
            if (call.bound == Bound::kGateNoAccess) target = protection;
            if (call.bound == Bound::kDeviceHole) target = holes;
            if (call.bound == Bound::kDeviceRange) target = range;
            emit(kJumpEqual, call.number, skip_to(target), 0);
        }
        emit(kJump, static_cast<std::uint32_t>(kill_ - at_ - 1));
        require(argument(2), 0);
        require(argument(2) + kHigh, 0);
        require(kInstructionPointer, static_cast<std::uint32_t>(address_after_gate_call));
        require(kInstructionPointer + kHigh, static_cast<std::uint32_t>(address_after_gate_call >> 32));
        emit(kReturn, kAllow);
        emit(kReturn, kKillProcess);
        if (!block_) return;
        compile_holes();
        at_ += compile_range(devices_, code_.subspan(at_));
    }

  private:
    constexpr std::uint8_t skip_to(std::size_t target) const {
        return static_cast<std::uint8_t>(target - at_ - 1);
    }
    constexpr void emit(std::uint16_t code, std::uint32_t operand, std::uint8_t jump_true = 0,
                        std::uint8_t jump_false = 0) {
        code_[at_] = {code, jump_true, jump_false, operand};
        at_++;
    }
    constexpr void require(std::uint32_t offset, std::uint32_t value) {
        emit(filter_detail::kLoadWord, offset);
        emit(filter_detail::kJumpEqual, value, 0, skip_to(kill_));
    }

    // fallocate: the kernel looks at the lower halves of descriptor and mode alone. Where holes are made
    // needs no bound: with KEEP_SIZE nothing grows.
    constexpr void compile_holes() {
        using namespace filter_detail;
        const std::size_t allow = at_ + 3 + devices_.size() + 1;
        emit(kLoadWord, argument(1));
        emit(kJumpEqual, kOnlyHoles, 0, skip_to(allow - 1));
        emit(kLoadWord, argument(0));
        for (const WritableDevice& device : devices_) emit(kJumpEqual, device.descriptor, skip_to(allow), 0);
        emit(kReturn, kKillProcess);
        emit(kReturn, kAllow);
    }

    bool block_;
    std::span<const WritableDevice> devices_;
    std::span<FilterInstruction> code_;
    std::size_t at_ = 0;
    std::size_t allow_ = 0;
    std::size_t kill_ = 0;
};

using SmallestFilter = std::array<FilterInstruction, kSmallestFilter>;

// The filter of an instance without block devices, but for the address of the gate.
inline constexpr SmallestFilter kFilter = [] {
    SmallestFilter code{};
    FilterCompiler(false, {}, code).compile(0);
    return code;
}();

constexpr void set_gate(std::span<FilterInstruction, kSmallestFilter> filter,
                        std::uint64_t address_after_gate_call) {
    const std::size_t low = filter_detail::gate_comparison(false);
    filter[low].operand = static_cast<std::uint32_t>(address_after_gate_call);
    filter[low + 2].operand = static_cast<std::uint32_t>(address_after_gate_call >> 32);
}

}  // namespace holm::tender
