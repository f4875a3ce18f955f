#pragma once

// A debugger at a unix socket: gdb's remote protocol, spoken by the thread that runs the guest while the
// guest stands still. Off unless asked for; then the thread's filter has a few calls more (vcpu_calls.h).
//
// Breakpoints are int3 instructions in the guest's code, and steps use the trap flag: the exceptions reach
// the tender through the same stub as all others, so it works on every KVM that runs ring 3.

#include <array>
#include <cstdint>

#include <poll.h>

#include "tender/debug/remote_stub.h"
#include "tender/vm/machine_state.h"

struct kvm_sregs;

namespace holm::tender {

// A socket that listens at `path`; ends the tender with a sentence when there can be none. Only its owner can
// connect.
int listen_for_debugger(const char* path);

class Debugger final : private RemoteTarget {
  public:
    struct Input {
        int listener;
        int processor;
        DebuggedMemory& memory;
        std::uint64_t entry;  // guest address of the image's
    };
    explicit Debugger(const Input& input) : in_(input), stub_(*this, input.entry) {}

    // Whether this KVM has hardware breakpoints for ring 3 is tried at the image's entry, once.
    void prepare();
    bool is_at_entry() const { return !trying_; }

    // Somebody has connected, or pressed Ctrl-C: the guest shall stand still.
    bool is_called();
    // Waits until there is a debugger; signals end the wait.
    void wait_for_one();
    // For the sleep of a guest that waits.
    pollfd watch() const;
    // One instruction only: nothing else may be put in the guest's way.
    bool is_stepping() const { return stepping_; }

    enum class Outcome : std::uint8_t {
        kGoOn,     // with the registers as they are in `frame` now
        kDeliver,  // the exception is the image's own affair
        kKill,
    };
    // The guest stands still, by exception `frame.vector`. It may go on only with what comes back in `frame`.
    Outcome stopped_by_exception(holm_upcall_frame& frame, const kvm_sregs& special);
    // ... because is_called().
    Outcome stopped_by_call(holm_upcall_frame& frame, const kvm_sregs& special);
    // ... by KVM_EXIT_DEBUG: a hardware breakpoint or watchpoint; `which` is DR6.
    Outcome stopped_by_hardware(holm_upcall_frame& frame, const kvm_sregs& special, std::uint64_t which);

    // The instance ends: tells whoever listens.
    void say_end(int status);

  private:
    struct Breakpoint {
        std::uint64_t address;
        std::byte original;
    };
    struct HardwarePoint {
        Point kind;
        std::uint64_t address;
        std::uint64_t length;
        bool used;
    };
    static constexpr std::size_t kMostBreakpoints = 256;
    static constexpr std::size_t kHardwarePoints = 4;
    static constexpr int kNobody = -1;

    // RemoteTarget
    CoreThread& thread() override { return thread_; }
    std::size_t read_memory(std::uint64_t address, MutableBytes into) override;
    std::size_t write_memory(std::uint64_t address, Bytes from) override;
    bool set_point(Point kind, std::uint64_t address, std::uint64_t length) override;
    bool remove_point(Point kind, std::uint64_t address, std::uint64_t length) override;
    bool has_hardware_points() const override { return hardware_works_; }

    Outcome converse(holm_upcall_frame& frame, const kvm_sregs& special, const Stop& stop, bool exception);
    RemoteStub::Action listen();
    RemoteStub::Action take_packet(PacketReader::Event event);
    void send(std::string_view bytes);
    void connect();
    void disconnect();
    Breakpoint* find(std::uint64_t address);
    bool arm_hardware();
    Outcome end_trial(holm_upcall_frame& frame, bool hardware);

    Input in_;
    RemoteStub stub_;
    PacketReader reader_;
    CoreThread thread_;
    std::array<Breakpoint, kMostBreakpoints> breakpoints_;
    std::size_t breakpoint_count_ = 0;
    std::array<HardwarePoint, kHardwarePoints> hardware_{};
    int connection_ = kNobody;
    bool trying_ = true;
    bool hardware_works_ = false;
    bool stepping_ = false;
    bool called_ = false;
    bool interrupted_ = false;
};

}  // namespace holm::tender
