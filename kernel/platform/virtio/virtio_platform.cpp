#include "kernel/platform/virtio/virtio_platform.h"

#include <algorithm>
#include <new>

#include "kernel/console/console.h"
#include "kernel/core.h"
#include "kernel/drivers/virtio/mmio_transport.h"
#include "kernel/panic/watchdog.h"
#include "kernel/platform/virtio/acpi.h"
#include "kernel/platform/virtio/x86_64/ports.h"
#include "kernel/platform/virtio/x86_64/ring0.h"

holm::platform::VirtioMachine* holm_virtio_machine = nullptr;

namespace holm::platform {

// A sleep that nothing ends is ended all the same: the counters of timers have 32 bits.
static constexpr Duration kLongestWait = Duration::seconds(1);
// How often a device without interrupts is looked at.
static constexpr Duration kPollInterval = Duration::milliseconds(1);
// A core that has not slept for so long gets a tick of the watchdog.
static constexpr std::uint64_t kTickNanoseconds = 1'000'000'000;

alignas(VirtioPlatform) static std::byte storage[sizeof(VirtioPlatform)];

VirtioPlatform& VirtioPlatform::start(const holm_boot_info& boot) {
    return *::new (storage) VirtioPlatform(*holm_virtio_machine, boot.vm.bus_offset);
}

VirtioPlatform::VirtioPlatform(VirtioMachine& machine, std::uint64_t bus_offset)
    : machine_(machine),
      bus_offset_(bus_offset),
      busy_since_(__builtin_ia32_rdtsc()),
      console_bell_(machine.console.notify) {
    set_timer(kTickNanoseconds);
    if (machine.console.size == 0) return;
    console_.emplace(
        MutableBytes(reinterpret_cast<std::byte*>(machine.console.ring), drivers::PolledQueue::kBytes),
        console_bell_, machine.console.notify_value);
}

void VirtioPlatform::write_console(Bytes text) {
    writing_ = true;
    if (console_)
        write_to_device(text);
    else
        machine_.serial.write(text);
    writing_ = false;
}

void VirtioPlatform::write_to_device(Bytes text) {
    constexpr std::size_t kMost = std::size_t{1} << 20;
    while (!text.empty()) {
        const Bytes piece = text.first(std::min(text.size(), kMost));
        const drivers::PolledQueue::Piece request{reinterpret_cast<std::uint64_t>(piece.data()) - bus_offset_,
                                                  static_cast<std::uint32_t>(piece.size()), false};
        // A device that takes nothing any more: what is lost is text.
        if (!console_->request({&request, 1})) return;
        text = text.subspan(piece.size());
    }
}

void VirtioPlatform::wait(Instant now, Instant deadline, std::span<Readiness> devices, bool until_stop) {
    if (until_stop && stop_requested_) return;
    if (deadline <= now) return look_for_stop_request();
    if (std::ranges::any_of(devices, &Readiness::readable)) return;
    if (!listening_) listen();
    const Duration longest = machine_.must_poll ? kPollInterval : kLongestWait;
    const Duration left = deadline.is_never() ? longest : std::clamp(deadline - now, Duration(), longest);
    const std::uint32_t vector = sleep(static_cast<std::uint64_t>(left.as_nanoseconds()));
    // What keeps a line up is taken away before the end of the interrupt, or it would come again.
    if (vector == HOLM_VECTOR_ATTENTION) look_for_stop_request();
    machine_.local_apic.end_of_interrupt();
    if (vector == HOLM_VECTOR_DEVICE) acknowledge();
    for (Readiness& device : devices) device.readable = vector == HOLM_VECTOR_DEVICE;
}

// Before the first sleep, or at the first tick, and not at the start, because it takes eight exits of the
// machine.
void VirtioPlatform::listen() {
    constexpr std::uint32_t kSerialInput = 4;
    listening_ = true;
    if (machine_.lines.inputs() > kSerialInput) machine_.lines.route(kSerialInput, HOLM_VECTOR_ATTENTION);
    machine_.serial.enable_receive_interrupt();
}

void VirtioPlatform::look_for_stop_request() {
    if (machine_.serial.read_stop_request()) stop_requested_ = true;
    if (machine_.button_port == 0 || (in16(machine_.button_port) & AcpiButton::kPressed) == 0) return;
    out16(machine_.button_port, AcpiButton::kPressed);
    stop_requested_ = true;
}

// Before anybody looks at a queue: what a device does afterwards makes its line rise again.
void VirtioPlatform::acknowledge() {
    for (std::size_t i = 0; i < machine_.acknowledge_count; ++i)
        *reinterpret_cast<volatile std::uint32_t*>(machine_.acknowledge[i]) =
            drivers::MmioTransport::kEverything;
}

// The timer goes on when something else ends the sleep, so that one is always on its way: the sleep's, or
// the watchdog's.
std::uint32_t VirtioPlatform::sleep(std::uint64_t nanoseconds) {
    std::uint32_t vector = 0;
    if (machine_.tsc_deadline) {
        vector = service_wait_deadline(__builtin_ia32_rdtsc() + tsc_ticks(nanoseconds));
    } else {
        falling_asleep_ = true;
        set_timer(nanoseconds);
        vector = service_wait();
        falling_asleep_ = false;
    }
    pending() = 0;
    busy_since_ = __builtin_ia32_rdtsc();
    if (vector != HOLM_VECTOR_DEVICE && vector != HOLM_VECTOR_ATTENTION) set_timer(kTickNanoseconds);
    return vector;
}

std::uint64_t VirtioPlatform::tsc_ticks(std::uint64_t nanoseconds) const {
    return nanoseconds * (machine_.tsc_hz / 1000) / 1'000'000;
}

void VirtioPlatform::set_timer(std::uint64_t nanoseconds) {
    if (machine_.tsc_deadline) return service_deadline(__builtin_ia32_rdtsc() + tsc_ticks(nanoseconds));
    const std::uint64_t ticks = nanoseconds * (machine_.apic_timer_hz / 1000) / 1'000'000;
    machine_.local_apic.start_timer(
        static_cast<std::uint32_t>(std::clamp<std::uint64_t>(ticks, 1, 0xffffffff)));
}

// Ring 0 looks there before it sleeps, with interrupts off.
volatile std::uint32_t& VirtioPlatform::pending() {
    return *reinterpret_cast<volatile std::uint32_t*>(machine_.exceptions + HOLM_RING0_PENDING -
                                                      HOLM_RING0_EXCEPTION_PAGE);
}

void VirtioPlatform::interrupted(std::uint32_t vector, std::uint64_t instruction_pointer,
                                 std::uint64_t frame_pointer) {
    if (vector == HOLM_VECTOR_TIMER) return tick(instruction_pointer, frame_pointer);
    if (vector == HOLM_VECTOR_ATTENTION) look_for_stop_request();
    if (pending() != HOLM_VECTOR_DEVICE) pending() = vector;
}

void VirtioPlatform::tick(std::uint64_t instruction_pointer, std::uint64_t frame_pointer) {
    // It is what the sleep was to end with: to set the timer anew would make it a second long.
    if (falling_asleep_) {
        if (pending() == 0) pending() = HOLM_VECTOR_TIMER;
        return;
    }
    const std::uint64_t now = __builtin_ia32_rdtsc();
    const std::uint64_t second = tsc_ticks(kTickNanoseconds);
    if (now - busy_since_ >= second && !writing_) {
        busy_since_ = now;
        if (!listening_) listen();
        look_for_stop_request();
        if (Watchdog* watchdog = this_core().watchdog) watchdog->tick(instruction_pointer, frame_pointer);
    }
    set_timer(kTickNanoseconds);
}

bool VirtioPlatform::sample_clock(ClockSample& sample) {
    if (!machine_.pv_clock) return false;
    PvClock clock;
    sample.tsc_before = __builtin_ia32_rdtsc();
    if (!read_pv_clock(*machine_.pv_clock, clock)) return false;
    sample.tsc_after = __builtin_ia32_rdtsc();
    sample.monotonic_ns =
        system_time_at(clock, sample.tsc_before + (sample.tsc_after - sample.tsc_before) / 2);
    sample.wall_ns = machine_.wall_at_system_start_ns + sample.monotonic_ns;
    return true;
}

void VirtioPlatform::guard_page(void* page) {
    service_guard(page);
}

void VirtioPlatform::exit(int status) {
    if (Console* console = this_core().console) console->flush();
    service_off(static_cast<std::uint8_t>(status));
}

}  // namespace holm::platform
