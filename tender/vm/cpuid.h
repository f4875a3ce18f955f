#pragma once

// What CPUID tells a guest: a list of what is allowed, filled from the host's own answers. All that is not on
// the list reads as absent: virtualisation, SGX, performance counters, tracing, power and topology, and
// whatever a later processor adds.
//
// An answer of the host's costs 7 us where the host is a virtual machine itself, so only what programs want
// to know is asked for.

#include <array>
#include <cstdint>

#include <linux/kvm.h>

namespace holm::tender {

struct CpuidWords {
    std::uint32_t eax, ebx, ecx, edx;
};

// As struct kvm_cpuid2 (whose size differs between C and C++), with room for the list.
struct CpuidTable {
    static constexpr std::size_t kCapacity = 20;
    std::uint32_t count = 0;
    std::uint32_t padding = 0;
    std::array<kvm_cpuid_entry2, kCapacity> entries{};
};
static_assert(offsetof(CpuidTable, entries) == 8);

using AskProcessor = CpuidWords(std::uint32_t leaf, std::uint32_t subleaf);

// `state`: bits of XCR0 that the guest gets; features that need others are left out.
CpuidTable make_cpuid_table(AskProcessor* ask, std::uint64_t state);

// The host's own answer, and the bits of XCR0 that it has and a guest may get.
CpuidWords ask_processor(std::uint32_t leaf, std::uint32_t subleaf);
std::uint64_t host_vector_state();

constexpr std::uint64_t kX87State = 1;
constexpr std::uint64_t kSseState = 2;
constexpr std::uint64_t kAvxState = 4;
constexpr std::uint64_t kAvx512State = 0xe0;

}  // namespace holm::tender
