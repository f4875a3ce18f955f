#include "kernel/entropy/hardware.h"

#include <cpuid.h>

namespace holm {

static bool has_rdrand() {
    unsigned eax = 0;
    unsigned ebx = 0;
    unsigned ecx = 0;
    unsigned edx = 0;
    return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_RDRND) != 0;
}

std::array<std::uint64_t, 4> hardware_random() {
    std::array<std::uint64_t, 4> numbers{};
    if (!has_rdrand()) return numbers;
    for (std::uint64_t& number : numbers) {
        // Intel's guide: ten failures in a row mean that the generator is broken.
        bool valid = false;
        for (int attempt = 0; attempt < 10 && !valid; ++attempt) {
            __asm__ volatile("rdrand %0" : "=r"(number), "=@ccc"(valid));
        }
        if (!valid) number = 0;
    }
    return numbers;
}

}  // namespace holm
