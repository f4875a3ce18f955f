#include "kernel/entropy/hardware.h"

extern "C" [[gnu::visibility("hidden")]] bool holm_rdrand(std::uint64_t* number);

namespace holm {

// Intel's guide: ten failures in a row mean that the generator is broken.
static constexpr int kAttempts = 10;

std::array<std::uint64_t, 4> hardware_random() {
    std::array<std::uint64_t, 4> numbers{};
    for (std::uint64_t& number : numbers) {
        int attempts = 0;
        while (!holm_rdrand(&number)) {
            if (++attempts == kAttempts) return numbers;
        }
    }
    return numbers;
}

}  // namespace holm
