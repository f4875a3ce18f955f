#pragma once

// The platform under stock VMMs: no tender on the other side, only devices, which the boot has set up
// (boot.cpp).

#include <array>
#include <optional>

#include "abi/boot_info.h"
#include "kernel/drivers/virtio/polled_queue.h"
#include "kernel/platform/platform.h"
#include "kernel/platform/virtio/pv_clock.h"
#include "kernel/platform/virtio/serial_port.h"
#include "kernel/platform/virtio/x86_64/io_apic.h"
#include "kernel/platform/virtio/x86_64/local_apic.h"

namespace holm::platform {

// What the boot found and hands over. Nothing in it has virtual functions: they are relocated afterwards.
struct VirtioMachine {
    SerialPort serial;
    holm_boot_queue console{};  // of a virtio-console device that is used instead; size 0: none
    // Registers that virtio-mmio devices' interrupts are acknowledged by.
    std::array<std::uint64_t, 64> acknowledge{};
    std::size_t acknowledge_count = 0;
    bool must_poll = false;  // a device has no way to interrupt
    LocalApic local_apic{0};
    IoApic lines{0};
    bool tsc_deadline = false;  // else the timer counts:
    std::uint64_t apic_timer_hz = 0;
    std::uint64_t tsc_hz = 0;
    const volatile PvClock* pv_clock = nullptr;  // or null
    std::uint64_t wall_at_system_start_ns = 0;   // wall clock at its zero
    std::byte* exceptions = nullptr;             // the page of exceptions (ring0_layout.h)
    std::uint16_t button_port = 0;               // status of ACPI's power button; 0: none
};

class VirtioPlatform final : public Platform {
  public:
    static VirtioPlatform& start(const holm_boot_info& boot);

    void write_console(Bytes text) override;
    void wait(Instant now, Instant deadline, std::span<Readiness> devices, bool until_stop) override;
    bool stop_requested() const override { return stop_requested_; }
    bool sample_clock(ClockSample& sample) override;
    void guard_page(void* page) override;
    [[noreturn]] void exit(int status) override;

    // An interrupt while the library OS or the service ran, in its upcall, at these of its registers.
    void interrupted(std::uint32_t vector, std::uint64_t instruction_pointer, std::uint64_t frame_pointer);

  private:
    VirtioPlatform(VirtioMachine& machine, std::uint64_t bus_offset);

    void listen();
    void acknowledge();
    void look_for_stop_request();
    void set_timer(std::uint64_t nanoseconds);
    void tick(std::uint64_t instruction_pointer, std::uint64_t frame_pointer);
    std::uint64_t tsc_ticks(std::uint64_t nanoseconds) const;
    volatile std::uint32_t& pending();
    void write_to_device(Bytes text);
    // Until an interrupt, or so long; the vector of what it was.
    std::uint32_t sleep(std::uint64_t nanoseconds);

    VirtioMachine& machine_;
    volatile bool stop_requested_ = false;  // also set in the middle of whatever runs
    bool listening_ = false;                // the console's input interrupts
    volatile bool writing_ = false;         // to the console
    volatile bool falling_asleep_ = false;  // the timer is set for the sleep, which has not begun
    std::uint64_t bus_offset_;
    std::uint64_t busy_since_;  // by the counter: since the last sleep, or the last tick
    drivers::MappedRegisters console_bell_;
    std::optional<drivers::PolledQueue> console_;
};

}  // namespace holm::platform

// Set by the boot: in memory that stays, at its address for good.
extern "C" [[gnu::visibility("hidden")]] holm::platform::VirtioMachine* holm_virtio_machine;
