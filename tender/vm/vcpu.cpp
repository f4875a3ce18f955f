#include "tender/vm/vcpu.h"

#include <errno.h>
#include <sys/ioctl.h>

namespace holm::tender {

int Vcpu::run() {
    return ioctl(descriptor_, KVM_RUN, 0) == 0 ? 0 : errno;
}

// KVM_RUN that ends before the first instruction hands the registers over as well. So no other request than
// KVM_RUN is needed, and runs without interest in registers do not pay for them.
kvm_regs& Vcpu::registers() {
    run_->kvm_valid_regs = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS;
    run_->immediate_exit = 1;
    run();
    run_->kvm_valid_regs = 0;
    return run_->s.regs.regs;
}

}  // namespace holm::tender
