#include "tender/vm/runner.h"

#include <cstring>

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tender/instance/clock.h"
#include "tender/instance/failure.h"
#include "tender/vm/probe.h"
#include "tender/vm/registers.h"

namespace holm::tender {
namespace {

constexpr std::uint64_t kPage = elf::kPageSize;
constexpr int kConsole = 1;

// Milliseconds after the end of the grace. The image has a timer of its own for it; this is for one that does
// not get to it: first an upcall, in which it may say where it is, then the end. `holm run` kills after 500.
constexpr std::uint32_t kGraceMargin = 100;
constexpr std::uint32_t kLastWords = 250;

}  // namespace

void Runner::run() {
    if (in_.debugger != nullptr) in_.debugger->prepare();
    for (;;) {
        if (in_.debugger != nullptr || dump_pending_) stand_still_if_called();
        const bool is_stepping = in_.debugger != nullptr && in_.debugger->is_stepping();
        if (has_upcalls() && !in_upcall_ && !is_stepping) deliver_upcall();
        in_.vcpu.arm();
        if (keep_signals()) continue;
        const int error = in_.vcpu.run();
        if (error == 0)
            handle_exit();
        else if (error != EINTR && error != EAGAIN)
            end_by_run_error(error);
    }
}

void Runner::handle_exit() {
    const kvm_run& exit = in_.vcpu.exit();
    switch (exit.exit_reason) {
        case KVM_EXIT_MMIO: {
            std::uint64_t value = 0;
            const std::uint64_t physical = exit.mmio.phys_addr;
            const std::uint32_t size = exit.mmio.len;
            if (!exit.mmio.is_write)
                return end_misuse(Sentence{}.text("a read where there are only doorbells"));
            std::memcpy(&value, exit.mmio.data, size < 8 ? size : 8);
            return handle_store(physical, size, value);
        }
        case KVM_EXIT_DEBUG:
            return stand_still_by_hardware();
        case KVM_EXIT_INTR:
            return exits_.count_signal();
        case KVM_EXIT_SHUTDOWN:
            end_broken("the virtual machine broke down: a fault while ring 0 reported another (triple fault)",
                       0);
        case KVM_EXIT_INTERNAL_ERROR:
            end_broken(
                "this KVM cannot go on: it had to interpret an instruction that it does not know (internal "
                "error)",
                exit.internal.suberror);
        case KVM_EXIT_FAIL_ENTRY:
            end_broken("the processor refuses to enter the virtual machine",
                       exit.fail_entry.hardware_entry_failure_reason);
        default:
            end_broken("the virtual machine stopped for a reason that it cannot have", exit.exit_reason);
    }
}

void Runner::handle_store(std::uint64_t physical, std::uint32_t size, std::uint64_t value) {
    const std::uint64_t offset = physical - in_.map.unbacked();
    switch (offset / kPage) {
        case 0:
            return handle_exception(static_cast<std::uint32_t>(value));
        case 1:
            exits_.count_call(offset % kPage / 8);
            if (!started_ && !in_upcall_) drop_probe(offset % kPage, value);
            if (!hypercalls_.call(offset % kPage, size, value)) end_misuse(hypercalls_.why());
            return;
        case 2:
            exits_.count_doorbell();
            if (in_.devices.ring(offset % kPage)) return check_devices();
            return end_misuse(Sentence{}
                                  .text("a store to doorbell ")
                                  .decimal(offset % kPage / 8)
                                  .text(", which no device has"));
        default:
            end_misuse(Sentence{}
                           .text("a store to physical address ")
                           .hexadecimal(physical)
                           .text(", where nothing is"));
    }
}

// The probe's page goes away when the image has begun; not in an upcall, which may have interrupted the probe
// and goes back to it. The probe tells here that ring 3 is interpreted.
void Runner::drop_probe(std::uint64_t offset, std::uint64_t value) {
    started_ = true;
    if (offset == kProbeFailed && in_.vcpu.registers().rip - in_.map.probe < kPage) {
        Sentence why;
        why.text("this KVM interprets ring 3 instead of running it (1000 loops took ").decimal(value);
        refuse(why.text(" ticks); use --tender process"));
    }
    make_guard(GuestAddress{in_.map.probe});
}

bool Runner::write_console(Bytes text) {
    while (!text.empty()) {
        const ssize_t written = ::write(kConsole, text.data(), text.size());
        if (written >= 0) {
            text = text.subspan(static_cast<std::size_t>(written));
        } else if (errno == EAGAIN) {
            // The console is somebody else's non-blocking pipe.
            pollfd console{.fd = kConsole, .events = POLLOUT, .revents = 0};
            sleep_on({&console, 1}, -1);
        } else if (errno == EFAULT) {
            return false;
        } else if (errno != EINTR) {
            return true;  // nobody takes output any more
        }
        keep_signals();
    }
    return true;
}

// Signals that come while a hypercall is served wait for its end, but for the last one. True: there were
// some.
bool Runner::keep_signals() {
    const Signals signals = take_signals();
    if (signals.tick && ++ticks_ % ticks_per_second(in_.debugger != nullptr) == 0) tick_pending_ = true;
    dump_pending_ |= signals.dump && in_.dump != nullptr;
    stop_pending_ |= signals.stop;
    if (signals.grace_over && stop_requested_) {
        if (grace_over_) end_grace();
        grace_over_ = true;
        grace_pending_ = true;
        start_grace(kLastWords);
    }
    if (signals.stop && !stop_requested_) {
        stop_requested_ = true;
        start_grace(in_.grace_ms + kGraceMargin);
    }
    return signals.any();
}

std::int64_t Runner::nanoseconds_until(std::uint64_t deadline_ns) const {
    if (deadline_ns == ~std::uint64_t{0}) return -1;
    const std::uint64_t ticks = __builtin_ia32_rdtsc() - in_.clock.tsc_at_start;
    const std::uint64_t hz = in_.clock.tsc_hz;
    constexpr std::uint64_t kSecond = 1'000'000'000;
    const std::uint64_t now = ticks / hz * kSecond + ticks % hz * kSecond / hz;
    const std::uint64_t left = deadline_ns > now ? deadline_ns - now : 0;
    constexpr std::uint64_t kLongest = std::uint64_t{1} << 62;
    return static_cast<std::int64_t>(left < kLongest ? left : kLongest);
}

// A guest that makes nonsense of a queue's memory has lost control of its own.
void Runner::check_devices() {
    const Devices::Fault fault = in_.devices.fault();
    if (fault.what == nullptr) return;
    end_misuse(Sentence{}
                   .text("it broke the rules of the queues of device ")
                   .decimal(fault.device)
                   .text(": ")
                   .text(fault.what));
}

bool Runner::wait(std::uint64_t deadline_ns, bool until_stop) {
    const bool something = in_.devices.serve();
    check_devices();
    if (something) return true;
    keep_signals();
    if (has_upcalls() || dump_pending_ || (until_stop && stop_requested_)) return false;
    const std::int64_t left = nanoseconds_until(deadline_ns);
    if (left == 0) return false;
    std::array<pollfd, HOLM_MAX_DEVICES + 1> polled;
    std::size_t count = in_.devices.watch(std::span(polled).first<HOLM_MAX_DEVICES>());
    if (in_.debugger != nullptr) polled[count++] = in_.debugger->watch();
    if (sleep_on({polled.data(), count}, left) <= 0) return false;
    const bool now = in_.devices.serve();
    check_devices();
    return now;
}

holm_clock_call Runner::read_clocks() {
    const ClockPair pair = read_clock_pair();
    return {.tsc = pair.tsc,
            .tsc_uncertainty = pair.uncertainty_tsc,
            .monotonic_ns = pair.monotonic_ns,
            .wall_ns = read_wall_clock_ns()};
}

// The guest's own tables say so, and the tender has no memory there either. KVM learns of the latter at once,
// and then looks at the former again.
bool Runner::make_guard(GuestAddress page) {
    const auto address = static_cast<std::uint64_t>(page);
    in_.tables.unmap_page(address);
    return mprotect(in_.memory.at(address), kPage, PROT_NONE) == 0;
}

void Runner::exit(int status, bool panicked) {
    if (panicked && in_.dump != nullptr) {
        constexpr int kAborted = 6;  // SIGABRT
        const kvm_regs& registers = in_.vcpu.registers();
        if (in_upcall_ && last_fault_.vector < kExceptions)
            write_core(last_fault_, signal_of_exception(last_fault_.vector));
        else
            write_core(frame_of(registers), kAborted);
    }
    // What the image has handed over goes out: its last frames give leases back.
    if (!panicked) in_.devices.serve();
    leave(status);
}

}  // namespace holm::tender
