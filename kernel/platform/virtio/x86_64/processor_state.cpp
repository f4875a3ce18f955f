#include "kernel/platform/virtio/x86_64/processor_state.h"

#include "kernel/platform/virtio/boot_failure.h"

namespace holm::platform {
namespace {

// CR4 (Intel SDM vol. 3, 2.5).
constexpr std::uint64_t kCr4 = 1 << 5 | 1 << 9 | 1 << 10;  // PAE, OSFXSR, OSXMMEXCPT: as the entry set it
constexpr std::uint64_t kCr4FsGsBase = 1 << 16;
constexpr std::uint64_t kCr4OsXsave = 1 << 18;

// What the processor has of x87, SSE, AVX and AVX-512, whose three parts come together.
std::uint64_t extended_state() {
    constexpr std::uint64_t kUpToAvx = 0x7;
    constexpr std::uint64_t kAvx512 = 0xe0;
    const std::uint64_t supported = cpuid(0xd).eax;
    return (supported & kUpToAvx) | ((supported & kAvx512) == kAvx512 ? kAvx512 : 0);
}

}  // namespace

ProcessorState processor_state(const Cpuid& features) {
    // The bits of CPUID that allow those of CR4.
    constexpr std::uint32_t kFsGsBase = 1 << 0;
    constexpr std::uint32_t kXsave = 1 << 26;
    if (cpuid(0).eax < 7 || (cpuid(7).ebx & kFsGsBase) == 0)
        boot_failure(
            "the processor cannot set its segment bases from ring 3 (FSGSBASE), which this image needs");
    if ((features.ecx & kXsave) == 0) return {.cr4 = kCr4 | kCr4FsGsBase, .xcr0 = 0};
    return {.cr4 = kCr4 | kCr4FsGsBase | kCr4OsXsave, .xcr0 = extended_state()};
}

}  // namespace holm::platform
