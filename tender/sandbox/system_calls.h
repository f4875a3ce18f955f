#pragma once

// The one list of what an image may ask of the host's kernel. From it come the seccomp filter (filter.h), the
// names that
// --trace-syscalls prints and the table in docs/sandbox-syscalls.md (a test compares it).

#include <array>
#include <cstdint>
#include <string_view>

namespace holm::tender {

// What keeps a permitted call within what the operator granted. The cheap bounds are on the hot path: a rule
// by number costs 33 ns a call (the kernel's allow bitmap), a rule that looks at anything else 115 ns.
enum class Bound : std::uint8_t {
    kDescriptors,   // by construction: the descriptor table holds nothing but grants, and no call adds to it
    kNothing,       // harmless whoever calls it
    kGate,          // only from the gate page
    kGateNoAccess,  // only from the gate page, and only to take all access away (argument 2 is PROT_NONE)
    kDeviceRange,   // a writable block device (argument 0), and size and offset (2, 3) within it, exactly
    kDeviceHole,    // a writable block device (argument 0), and a mode (1) that only makes holes
};

// Which instances may make a call at all.
enum class Need : std::uint8_t {
    kAlways,
    kBlockDevice,  // those that were granted one
};

struct SystemCall {
    std::uint16_t number;  // x86-64
    std::string_view name;
    Bound bound;
    std::string_view purpose;
    Need need = Need::kAlways;
};

inline constexpr std::array kSystemCalls = {
    SystemCall{0, "read", Bound::kDescriptors, "receive a frame from a network device"},
    SystemCall{1, "write", Bound::kDescriptors, "send a frame; write to the console"},
    SystemCall{20, "writev", Bound::kDescriptors,
               "send a frame whose payload lies elsewhere than its headers"},
    SystemCall{271, "ppoll", Bound::kDescriptors, "wait for a device or a deadline"},
    SystemCall{231, "exit_group", Bound::kNothing, "end, with a status"},
    SystemCall{15, "rt_sigreturn", Bound::kGate,
               "return from an upcall (fault, stop request, watchdog tick)"},
    SystemCall{228, "clock_gettime", Bound::kGate,
               "compare the guest's clock, the TSC, with the host's, rarely"},
    SystemCall{10, "mprotect", Bound::kGateNoAccess, "guard pages below the stacks of tasks"},
    SystemCall{327, "preadv2", Bound::kDescriptors, "read a block device, at once if its data is in memory",
               Need::kBlockDevice},
    SystemCall{18, "pwrite64", Bound::kDeviceRange, "write a block device", Need::kBlockDevice},
    SystemCall{75, "fdatasync", Bound::kDescriptors, "flush a block device", Need::kBlockDevice},
    SystemCall{285, "fallocate", Bound::kDeviceHole, "discard or zero a part of a block device",
               Need::kBlockDevice},
};

constexpr std::string_view describe(Bound bound) {
    switch (bound) {
        case Bound::kDescriptors:
            return "construction: the descriptor table holds only what was granted";
        case Bound::kNothing:
            return "none needed";
        case Bound::kGate:
            return "gate: must come from the gate page";
        case Bound::kGateNoAccess:
            return "gate, and argument: the new protection is PROT_NONE";
        case Bound::kDeviceRange:
            return "argument: a writable block device, and offset and size within it";
        case Bound::kDeviceHole:
            return "argument: a writable block device, and the mode is PUNCH_HOLE and KEEP_SIZE";
    }
    return {};
}

constexpr std::string_view describe(Need need) {
    return need == Need::kAlways ? "" : "with a block device";
}

constexpr const SystemCall* find_system_call(std::uint64_t number) {
    for (const SystemCall& call : kSystemCalls)
        if (call.number == number) return &call;
    return nullptr;
}

}  // namespace holm::tender
