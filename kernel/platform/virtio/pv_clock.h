#pragma once

// KVM's clock for guests (Linux: Documentation/virt/kvm/x86/msr.rst): two pages' worth of facts that the
// hypervisor keeps up to date in our memory.

#include <cstdint>

namespace holm::platform {

// struct pvclock_vcpu_time_info. `version` is odd while the hypervisor writes.
struct PvClock {
    std::uint32_t version;
    std::uint32_t padding;
    std::uint64_t tsc;             // when
    std::uint64_t system_time_ns;  // it was this time
    std::uint32_t multiplier;      // nanoseconds are (ticks << shift) * multiplier >> 32
    std::int8_t shift;
    std::uint8_t flags;
    std::uint8_t unused[2];

    static constexpr std::uint32_t kTimeRegister = 0x4b564d01;
    static constexpr std::uint32_t kWallRegister = 0x4b564d00;
};
static_assert(sizeof(PvClock) == 32);

// struct pvclock_wall_clock: the wall clock at system time 0.
struct PvWallClock {
    std::uint32_t version;
    std::uint32_t seconds;
    std::uint32_t nanoseconds;
};

// Frequency of the counter; 0 when the facts make no sense.
inline std::uint64_t frequency_of(const PvClock& clock) {
    if (clock.multiplier == 0 || clock.shift < -31 || clock.shift > 31) return 0;
    constexpr std::uint64_t kHighest = 100'000'000'000;
    const std::uint64_t hz = (std::uint64_t{1'000'000'000} << 32) / clock.multiplier;
    if (clock.shift >= 0) return hz >> clock.shift > kHighest ? 0 : hz >> clock.shift;
    return hz > kHighest >> -clock.shift ? 0 : hz << -clock.shift;
}

// System time at a reading of the counter.
inline std::uint64_t system_time_at(const PvClock& clock, std::uint64_t tsc) {
    std::uint64_t ticks = tsc - clock.tsc;
    if (static_cast<std::int64_t>(ticks) < 0 || clock.shift < -31 || clock.shift > 31)
        return clock.system_time_ns;
    ticks = clock.shift < 0 ? ticks >> -clock.shift : ticks << clock.shift;
    using Wide = unsigned __int128;
    return clock.system_time_ns + static_cast<std::uint64_t>(Wide{ticks} * clock.multiplier >> 32);
}

// A copy that the hypervisor did not change meanwhile; false if it never holds still.
bool read_pv_clock(const volatile PvClock& shared, PvClock& copy);

}  // namespace holm::platform
