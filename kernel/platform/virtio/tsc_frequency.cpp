#include "kernel/platform/virtio/tsc_frequency.h"

#include "kernel/platform/virtio/x86_64/cpuid.h"
#include "kernel/platform/virtio/x86_64/ports.h"

namespace holm::platform {
namespace {

constexpr std::uint32_t kHypervisor = 0x40000000;
constexpr std::uint32_t kHypervisorFrequency = 0x40000010;
constexpr std::uint32_t kHypervisorPresent = 1u << 31;  // CPUID 1, ECX

constexpr std::uint64_t kEmulatedTimer = 1'000'000'000 / 16;  // QEMU's local APIC, divided as LocalApic does
constexpr std::uint64_t kOldTimer = 1'193'182;
constexpr std::uint32_t kToldErrorPpm = 100;  // crystals
constexpr std::uint32_t kMeasuredErrorPpm = 1000;

bool is_emulated() {
    const Cpuid name = cpuid(kHypervisor);
    return name.ebx == 0x54474354 && name.ecx == 0x43544743 && name.edx == 0x47435447;  // TCGTCGTCGTCG
}

// A timer's count and the TSC in the same moment: a host that has others to run may let any time pass between
// two instructions, so the best of a few attempts counts.
struct Moment {
    std::uint32_t count;
    std::uint64_t tsc;
};
template <typename Read>
Moment read_both(Read read) {
    constexpr int kAttempts = 4;
    Moment best{};
    std::uint64_t shortest = ~std::uint64_t{0};
    for (int i = 0; i < kAttempts; ++i) {
        const std::uint64_t before = __builtin_ia32_rdtsc();
        const std::uint32_t count = read();
        const std::uint64_t took = __builtin_ia32_rdtsc() - before;
        if (took >= shortest) continue;
        shortest = took;
        best = {count, before + took / 2};
    }
    return best;
}

// Counts TSC ticks during `wanted` or a few more ticks of a timer that counts down; 0 if it stands still.
template <typename Read>
std::uint64_t hz_against(Read read, std::uint32_t wanted, std::uint32_t mask, std::uint64_t timer_hz) {
    constexpr std::uint64_t kPatience = 1'000'000;
    Moment first = read_both(read);
    for (std::uint64_t i = 0; i < kPatience; ++i) {
        if (((first.count - read()) & mask) < wanted) continue;
        const Moment last = read_both(read);
        const std::uint32_t passed = (first.count - last.count) & mask;
        if (passed >= wanted) return (last.tsc - first.tsc) * timer_hz / passed;
        first = last;  // the host was away for a whole round of the timer
    }
    return 0;
}

// Channel 2 of the i8254, whose output goes to the loudspeaker and so to nobody.
std::uint64_t measure_against_old_timer() {
    constexpr std::uint32_t kTicks = kOldTimer * 3 / 1000;
    const std::uint8_t control = in8(0x61);
    if (control == 0xff) return 0;
    out8(0x61, static_cast<std::uint8_t>((control & ~2u) | 1));
    out8(0x43, 0xb0);  // channel 2, low byte then high byte, counts down once
    out8(0x42, 0xff);
    out8(0x42, 0xff);
    const auto read = [] {
        out8(0x43, 0x80);  // hold the count
        const std::uint32_t low = in8(0x42);
        return low | static_cast<std::uint32_t>(in8(0x42)) << 8;
    };
    const std::uint64_t hz = hz_against(read, kTicks, 0xffff, kOldTimer);
    out8(0x61, control);
    return hz;
}

}  // namespace

TscFrequency told_tsc_frequency() {
    const std::uint32_t highest = cpuid(0).eax;
    Cpuid ratio{};
    if (highest >= 0x15) {
        ratio = cpuid(0x15);
        if (ratio.eax != 0 && ratio.ebx != 0 && ratio.ecx != 0)
            return {std::uint64_t{ratio.ecx} * ratio.ebx / ratio.eax, kToldErrorPpm};
    }
    if ((cpuid(1).ecx & kHypervisorPresent) != 0 && cpuid(kHypervisor).eax >= kHypervisorFrequency) {
        const std::uint64_t khz = cpuid(kHypervisorFrequency).eax;
        if (khz != 0) return {khz * 1000, kToldErrorPpm};
    }
    // The base frequency is the counter's where leaf 0x15 exists without naming its crystal.
    if (highest >= 0x16 && ratio.ebx != 0)
        return {std::uint64_t{cpuid(0x16).eax & 0xffff} * 1'000'000, kMeasuredErrorPpm};
    return {};
}

TscFrequency measure_tsc_frequency(LocalApic& timer) {
    if ((cpuid(1).ecx & kHypervisorPresent) != 0 && is_emulated()) {
        timer.start_timer(0xffffffff);
        const std::uint64_t hz =
            hz_against([&] { return timer.timer_left(); }, kEmulatedTimer / 4000, 0xffffffff, kEmulatedTimer);
        timer.start_timer(0);
        if (hz != 0) return {hz, kMeasuredErrorPpm, kEmulatedTimer};
    }
    return {measure_against_old_timer(), kMeasuredErrorPpm};
}

std::uint64_t measure_apic_timer(LocalApic& timer, std::uint64_t tsc_hz) {
    timer.start_timer(0xffffffff);
    const auto read = [&] { return timer.timer_left(); };
    const Moment first = read_both(read);
    while (__builtin_ia32_rdtsc() - first.tsc < tsc_hz / 10'000) {
    }
    const Moment last = read_both(read);
    timer.start_timer(0);
    const std::uint64_t ticks = last.tsc - first.tsc;
    return ticks == 0 ? 0 : (first.count - last.count) * tsc_hz / ticks;
}

}  // namespace holm::platform
