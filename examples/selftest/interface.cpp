// The way out of the image: what its tender must not do for it.

#include <array>

#include <holm/contract.h>
#include <sys/syscall.h>

#include "checks.h"

namespace selftest {
namespace {

// An instruction of the image's own, not the gate's.
long system_call(long number, long a = 0, long b = 0, long c = 0) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}

const holm_boot_info& boot() {
    return *holm::this_core().boot;
}

void call_execve(holm::Machine& machine) {
    announce(machine, "system call execve(\"/bin/sh\")");
    static const char path[] = "/bin/sh";
    system_call(SYS_execve, reinterpret_cast<long>(path));
}
void call_open(holm::Machine& machine) {
    announce(machine, "system call open(\"/etc/passwd\")");
    static const char path[] = "/etc/passwd";
    system_call(SYS_open, reinterpret_cast<long>(path));
}
void call_socket(holm::Machine& machine) {
    announce(machine, "system call socket(AF_INET, SOCK_STREAM)");
    system_call(SYS_socket, 2, 1);
}
void call_fork(holm::Machine& machine) {
    announce(machine, "system call fork()");
    system_call(SYS_fork);
}
void call_ptrace(holm::Machine& machine) {
    announce(machine, "system call ptrace(PTRACE_TRACEME)");
    system_call(SYS_ptrace);
}
void call_mmap(holm::Machine& machine) {
    announce(machine, "system call mmap of memory that can be written and executed");
    system_call(SYS_mmap, 0, 4096, 7);
}
void call_x32(holm::Machine& machine) {
    announce(machine, "an x32 system call");
    system_call(0x40000000 + 1, 1);
}
void call_int_80(holm::Machine& machine) {
    announce(machine, "a 32-bit system call, int $0x80");
    __asm__ volatile("int $0x80" : : "a"(20) : "memory");
}
void call_vsyscall(holm::Machine& machine) {
    announce(machine, "call the kernel's vsyscall page at", 0xffff'ffff'ff60'0000);
    hidden<long(long*)>(0xffff'ffff'ff60'0000)(nullptr);
}

// Process tender: protections through the one gate that leads out.
void make_executable(holm::Machine& machine) {
    announce(machine, "mprotect(PROT_READ|PROT_WRITE|PROT_EXEC) of the heap at", boot().heap_start);
    using Call = long(long, long, long, long, long, long, long);
    reinterpret_cast<Call*>(boot().gate.call)(static_cast<long>(boot().heap_start), 4096, 7, 0, 0, 0,
                                              SYS_mprotect);
}

// Process tender: the table of descriptors is the list of what was granted.
void foreign_descriptor(holm::Machine& machine) {
    announce(machine, "read from every descriptor but the console, 0 to 4095");
    using Call = long(long, long, long, long, long, long, long);
    std::array<char, 8> buffer;
    for (int handle = 0; handle < 4096; handle++) {
        if (handle == boot().console_handle) continue;
        const long got = reinterpret_cast<Call*>(boot().gate.call)(
            handle, reinterpret_cast<long>(buffer.data()), 1, 0, 0, 0, SYS_read);
        constexpr long kBadDescriptor = -9;  // EBADF
        if (got != kBadDescriptor) {
            machine.console().print("descriptor ", handle, " answered ", got, "\n");
            return;
        }
    }
    machine.console().print("refused: not one is open\n");
}

// Vm tender.
void store_hypercall(std::uint64_t number, std::uint64_t value) {
    *hidden<volatile std::uint64_t>(boot().vm.hypercalls + 8 * number) = value;
}
void unknown_hypercall(holm::Machine& machine) {
    announce(machine, "hypercall 200, which does not exist");
    store_hypercall(200, 0);
}
void fault_hypercall(holm::Machine& machine) {
    announce(machine, "hypercall FAULT, which is ring 0's");
    store_hypercall(HOLM_HYPERCALL_FAULT, 0);
}
void foreign_console_text(holm::Machine& machine) {
    announce(machine, "hypercall CONSOLE with text that is not the guest's");
    holm_console_call call{0xffff'8000'0000'0000, 4096};
    store_hypercall(HOLM_HYPERCALL_CONSOLE, reinterpret_cast<std::uint64_t>(&call));
}
void guard_of_code(holm::Machine& machine) {
    announce(machine, "hypercall GUARD of the image's own code");
    store_hypercall(HOLM_HYPERCALL_GUARD, boot().image_base);
}
void foreign_doorbell(holm::Machine& machine) {
    announce(machine, "ring the bell of a device that was not granted, at", boot().vm.hypercalls + 4096 - 8);
    *hidden<volatile std::uint32_t>(boot().vm.hypercalls + 4096 - 8) = 0;
}

constexpr Check kChecks[] = {
    {"execve", call_execve},
    {"open", call_open},
    {"socket", call_socket},
    {"fork", call_fork},
    {"ptrace", call_ptrace},
    {"mmap", call_mmap},
    {"x32", call_x32},
    {"int-80", call_int_80},
    {"vsyscall", call_vsyscall},
    {"mprotect", make_executable},
    {"descriptor", foreign_descriptor},
    {"unknown-hypercall", unknown_hypercall},
    {"fault-hypercall", fault_hypercall},
    {"foreign-text", foreign_console_text},
    {"guard-code", guard_of_code},
    {"foreign-doorbell", foreign_doorbell},
};

}  // namespace

std::span<const Check> interface_checks() {
    return kChecks;
}

}  // namespace selftest
