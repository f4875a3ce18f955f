#pragma once

// The virtual processor, as the running tender sees it: one KVM_RUN at a time, and its registers between
// them.

#include <cstdint>

#include <linux/kvm.h>

namespace holm::tender {

class Vcpu {
  public:
    Vcpu(int descriptor, kvm_run* run) : descriptor_(descriptor), run_(run) {}

    // Runs the guest until it wants something or somebody interrupts. Returns 0, or the error number.
    int run();

    // Why the guest stopped. The kernel writes it, not the guest.
    const kvm_run& exit() const { return *run_; }

    // Lets the next run() return at once with EINTR; for signal handlers.
    void interrupt() { run_->immediate_exit = 1; }
    // From here on interrupt() counts. What came before is for the caller to look at.
    void arm() { run_->immediate_exit = 0; }

    // Fetches the registers; what the last exit left half done in the kernel is finished. They stay valid
    // until the next run(), which needs an arm() before it. exit() is overwritten.
    kvm_regs& registers();
    const kvm_sregs& special_registers() const { return run_->s.regs.sregs; }
    bool in_ring3() const { return (run_->s.regs.sregs.cs.selector & 3) == 3; }
    // The next run() begins with the registers as they were changed.
    void set_registers() { run_->kvm_dirty_regs = KVM_SYNC_X86_REGS; }

  private:
    int descriptor_;
    kvm_run* run_;
};

}  // namespace holm::tender
