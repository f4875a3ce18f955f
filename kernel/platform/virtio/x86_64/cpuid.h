#pragma once

// What the processor is. Costs an exit (some microseconds) a question, so it is asked during the boot only.

#include <cstdint>

namespace holm::platform {

struct Cpuid {
    std::uint32_t eax, ebx, ecx, edx;
};

inline Cpuid cpuid(std::uint32_t leaf, std::uint32_t subleaf = 0) {
    Cpuid result;
    __asm__ volatile("cpuid"
                     : "=a"(result.eax), "=b"(result.ebx), "=c"(result.ecx), "=d"(result.edx)
                     : "a"(leaf), "c"(subleaf));
    return result;
}

}  // namespace holm::platform
