#pragma once

// The life of a virtual machine from its first instruction to its end: runs the processor, does what the
// guest asks for, and delivers upcalls.

#include <cstdint>

#include "abi/boot_info.h"
#include "tender/vm/address_map.h"
#include "tender/vm/core_dump.h"
#include "tender/vm/debugger.h"
#include "tender/vm/devices.h"
#include "tender/vm/exit_count.h"
#include "tender/vm/guest_memory.h"
#include "tender/vm/hypercalls.h"
#include "tender/vm/page_tables.h"
#include "tender/vm/ring0.h"
#include "tender/vm/signals.h"
#include "tender/vm/vcpu.h"

namespace holm::tender {

struct RunnerInput {
    const AddressMap& map;
    const GuestMemory& memory;
    PageTables& tables;
    Vcpu& vcpu;
    Devices& devices;
    const holm_boot_clock& clock;
    std::string_view name;      // of the image
    std::uint64_t link_offset;  // guest address less link address
    std::uint64_t upcall;       // guest address of the image's upcall
    std::uint32_t grace_ms;
    bool count_exits;
    Debugger* debugger;  // null: nobody asked for one
    CoreDump* dump;      // null: the same
    bool stopped;        // wait for the debugger before the first instruction
};

class Runner final : private HypercallHost {
  public:
    // How many ticks of CPU time it wants a second.
    static unsigned ticks_per_second(bool has_debugger) { return has_debugger ? kTicksWithDebugger : 1; }

    explicit Runner(const RunnerInput& input) : in_(input), hypercalls_(input.memory, *this) {}

    [[noreturn]] void run();

  private:
    // HypercallHost
    bool write_console(Bytes text) override;
    bool wait(std::uint64_t deadline_ns, bool until_stop) override;
    holm_clock_call read_clocks() override;
    bool make_guard(GuestAddress page) override;
    bool resume(const holm_upcall_frame& frame) override;
    [[noreturn]] void exit(int status, bool panicked) override;

    // Debuggers.
    void stand_still_if_called();
    void stand_still_by_hardware();
    Debugger::Outcome wait_at_entry(holm_upcall_frame& frame, const kvm_sregs& special);
    void obey(Debugger::Outcome outcome);
    void write_core(const holm_upcall_frame& frame, int signal);
    static constexpr unsigned kTicksWithDebugger = 20;  // a second, so that a busy guest hears Ctrl-C soon

    bool keep_signals();
    void check_devices();
    bool has_upcalls() const { return tick_pending_ || stop_pending_ || grace_pending_; }
    void deliver_upcall();
    std::uint64_t push_frame(const holm_upcall_frame& frame, kvm_regs& registers);

    void handle_exit();
    void handle_store(std::uint64_t physical, std::uint32_t size, std::uint64_t value);
    void handle_exception(std::uint32_t vector);
    void drop_probe(std::uint64_t offset, std::uint64_t value);
    std::int64_t nanoseconds_until(std::uint64_t deadline_ns) const;

    // All ends go through here.
    [[noreturn]] void leave(int status);
    // Ends, with one sentence.
    [[noreturn]] void end_misuse(const Sentence& what);
    [[noreturn]] void end_broken(std::string_view what, std::uint64_t detail);
    [[noreturn]] void end_by_run_error(int error);
    [[noreturn]] void end_grace();
    [[noreturn]] void end_fault(std::string_view why, const holm_upcall_frame& frame);
    void print_interrupted(const DebuggedMemory& memory);

    RunnerInput in_;
    Hypercalls hypercalls_;
    ExitCount exits_;
    holm_upcall_frame last_fault_{};  // the one that in_upcall_ is about, if its vector is an exception's
    unsigned ticks_ = 0;
    bool dump_pending_ = false;
    bool started_ = false;  // the image has made a hypercall, other than in an upcall
    bool in_upcall_ = false;
    bool tick_pending_ = false;  // upcalls that wait until there is none
    bool stop_pending_ = false;
    bool grace_pending_ = false;
    bool grace_over_ = false;
    bool stop_requested_ = false;
};

}  // namespace holm::tender
