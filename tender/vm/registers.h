#pragma once

// The guest's registers as KVM has them and as upcalls have them.

#include <cstdint>

#include <linux/kvm.h>

#include "abi/hypercalls.h"

namespace holm::tender {

// Vector, error code and address are 0.
holm_upcall_frame frame_of(const kvm_regs& registers);
kvm_regs registers_of(const holm_upcall_frame& frame);

// What Linux would call an exception.
int signal_of_exception(std::uint32_t vector);

}  // namespace holm::tender
