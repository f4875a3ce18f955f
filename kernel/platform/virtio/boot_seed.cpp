#include "kernel/platform/virtio/boot_seed.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "kernel/entropy/hardware.h"
#include "kernel/entropy/random_generator.h"
#include "kernel/platform/virtio/boot_failure.h"

namespace holm::platform {

void make_seed(const Cpuid& features, Devices& devices, std::span<std::uint8_t, HOLM_SEED_SIZE> seed,
               std::span<std::uint64_t> chosen) {
    constexpr std::uint32_t kRdrand = 1 << 30;
    std::array<std::uint64_t, 4> numbers[2]{};
    static_assert(sizeof numbers == HOLM_SEED_SIZE);
    // Of the device alone, or of the processor alone, or of both.
    if (!devices.entropy(std::as_writable_bytes(seed))) std::ranges::fill(seed, std::uint8_t{0});
    if ((features.ecx & kRdrand) != 0) {
        numbers[0] = hardware_random();
        numbers[1] = hardware_random();
    }
    for (std::size_t i = 0; i < HOLM_SEED_SIZE; ++i)
        seed[i] ^= static_cast<std::uint8_t>(numbers[i / 32][i / 8 % 4] >> i % 8 * 8);
    if (std::ranges::all_of(seed, [](std::uint8_t byte) { return byte == 0; }))
        boot_failure(
            "no randomness: the processor has no RDRAND, the machine no virtio-rng device; refusing "
            "to run without");
    RandomGenerator random(seed, {__builtin_ia32_rdtsc(), 0, 0, 0});
    for (std::uint64_t& number : chosen) number = random.next();
    random.fill(std::as_writable_bytes(seed));
}

}  // namespace holm::platform
