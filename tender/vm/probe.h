#pragma once

// probe.S: the first instructions in the virtual machine, which measure whether ring 3 runs natively.

#include <cstdint>
#include <span>

#include "tender/vm/address_map.h"
#include "tender/vm/ring0.h"

namespace holm::tender {

// Where, in the page of hypercalls, the probe tells that ring 3 does not run natively. No hypercall is there.
constexpr std::uint64_t kProbeFailed = 0xff8;

void write_probe(PageBytes page);

// Registers for its first instruction: it goes on to `entry` with the boot info's address, on `stack`.
kvm_regs probe_registers(const AddressMap& map, std::uint64_t entry, std::uint64_t stack);

}  // namespace holm::tender
