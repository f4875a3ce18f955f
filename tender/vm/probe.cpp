#include "tender/vm/probe.h"

#include <cstring>

extern "C" {
extern const std::uint8_t holm_vm_probe[];
extern const std::uint8_t holm_vm_probe_end[];
}

namespace holm::tender {

void write_probe(PageBytes page) {
    std::memcpy(page.data(), holm_vm_probe, static_cast<std::size_t>(holm_vm_probe_end - holm_vm_probe));
}

kvm_regs probe_registers(const AddressMap& map, std::uint64_t entry, std::uint64_t stack) {
    kvm_regs registers{};
    registers.rip = map.probe;
    registers.rsp = stack;
    registers.rdi = map.layout.boot_info;
    registers.r10 = map.hypercalls + kProbeFailed;
    registers.r11 = entry;
    registers.rflags = 2;
    return registers;
}

}  // namespace holm::tender
