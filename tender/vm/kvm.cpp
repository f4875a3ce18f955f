#include "tender/vm/kvm.h"

#include <array>
#include <cstring>

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tender/instance/failure.h"
#include "tender/vm/cpuid.h"
#include "tender/vm/ring0.h"

namespace holm::tender {
namespace {

// The numbers of <linux/kvm.h> hold the sizes of structures with a flexible array, which C++ sees larger than
// C.
constexpr int kSetCpuid2 = _IOW(KVMIO, 0x90, std::uint64_t);
constexpr int kSetMsrs = _IOW(KVMIO, 0x89, std::uint64_t);

constexpr std::string_view kInstead = "; use --tender process";

[[noreturn]] void refuse_kvm(std::string_view what, int error = 0) {
    Sentence why;
    why.text(what);
    if (error != 0) why.text(": ").text(strerror(error));
    refuse(why.text(kInstead));
}

int open_kvm() {
    const int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (kvm >= 0) return kvm;
    switch (errno) {
        case ENOENT:
        case ENXIO:
        case ENODEV:
            refuse_kvm("this machine has no KVM (/dev/kvm)");
        case EACCES:
        case EPERM:
            refuse_kvm("no permission for /dev/kvm (its group is usually kvm)");
        default:
            refuse_kvm("cannot open /dev/kvm", errno);
    }
}

// What the tender builds on, all of it in Linux 4.17 and later.
void require_capabilities(int kvm) {
    if (ioctl(kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
        refuse_kvm("this KVM speaks another interface");
    const struct {
        int capability;
        std::string_view name;
    } needed[] = {
        {KVM_CAP_IMMEDIATE_EXIT, "this KVM cannot be interrupted (KVM_CAP_IMMEDIATE_EXIT is missing)"},
        {KVM_CAP_XCRS, "this KVM keeps no vector state (KVM_CAP_XCRS is missing)"},
        {KVM_CAP_SYNC_REGS, "this KVM does not share registers (KVM_CAP_SYNC_REGS is missing)"}};
    for (const auto& one : needed)
        if (ioctl(kvm, KVM_CHECK_EXTENSION, one.capability) <= 0) refuse_kvm(one.name);
}

int create(int kvm, int request, std::string_view what) {
    int made = -1;
    do made = ioctl(kvm, request, 0);
    while (made < 0 && errno == EINTR);
    if (made < 0) refuse_kvm(what, errno);
    return made;
}

// No guest uses the interrupt controller that every processor has, but KVM without it is slower to make and
// to end: the first machine on a host changes instructions of the running kernel, and the last changes them
// back, 0.3 ms together. It has an address of its own, so it is for machines that do not reach so far.
constexpr std::uint64_t kLocalApic = 0xfee00000;

void keep_local_apic(int machine) {
    kvm_enable_cap request{};
    request.cap = KVM_CAP_SPLIT_IRQCHIP;
    // Where that is refused the machine is as good.
    ioctl(machine, KVM_ENABLE_CAP, &request);
}

bool set_vector_state(const Kvm& kvm, std::uint64_t state) {
    kvm_xcrs registers{};
    registers.nr_xcrs = 1;
    registers.xcrs[0].value = state;
    return ioctl(kvm.processor, KVM_SET_XCRS, &registers) == 0;
}

// Attribute and group numbers of <linux/kvm.h> and <asm/kvm.h>, Linux 5.16.
constexpr std::uint32_t kTscControl = 0;
constexpr std::uint64_t kTscOffset = 0;
constexpr std::uint32_t kTimeStampCounter = 0x10;  // model-specific register

void share_tsc(const Kvm& kvm) {
    std::uint64_t offset = 0;
    const kvm_device_attr attribute{
        .group = kTscControl, .attr = kTscOffset, .addr = reinterpret_cast<std::uint64_t>(&offset)};
    if (ioctl(kvm.processor, KVM_SET_DEVICE_ATTR, &attribute) == 0) return;
    // Before Linux 5.16: a write of the counter, which is late by the time of this call.
    struct {
        std::uint32_t count;
        std::uint32_t padding;
        kvm_msr_entry entry;
    } write{1, 0, {.index = kTimeStampCounter, .data = __builtin_ia32_rdtsc()}};  // as struct kvm_msrs
    if (ioctl(kvm.processor, kSetMsrs, &write) != 1)
        refuse_kvm("KVM refuses to set the guest's clock", errno);
}

// Control registers (Intel SDM vol. 3, 2.5).
constexpr std::uint64_t kCr0 = 0x80050033;  // PG AM WP NE ET MP PE
constexpr std::uint64_t kCr4 =
    1 << 5 | 1 << 7 | 1 << 9 | 1 << 10 | 1 << 16 | 1 << 18;  // PAE PGE OSFXSR OSXMMEXCPT
                                                             // FSGSBASE OSXSAVE
constexpr std::uint64_t kCr4Umip = 1 << 11;
constexpr std::uint64_t kCr4Smep = 1 << 20;

std::uint64_t protections_of(const CpuidTable& table) {
    for (std::uint32_t i = 0; i < table.count; i++) {
        const kvm_cpuid_entry2& entry = table.entries[i];
        if (entry.function != 7 || entry.index != 0) continue;
        return (entry.ebx & 1 << 7 ? kCr4Smep : 0) | (entry.ecx & 1 << 2 ? kCr4Umip : 0);
    }
    return 0;
}

constexpr std::uint64_t kEfer =
    1 << 8 | 1 << 10 | 1 << 11;  // LME LMA NXE; no SCE: `syscall` is no instruction

}  // namespace

Kvm create_machine(std::uint64_t physical_end) {
    const int kvm = open_kvm();
    require_capabilities(kvm);
    Kvm made{};
    made.machine = create(kvm, KVM_CREATE_VM, "KVM cannot make another virtual machine");
    if (physical_end <= kLocalApic) keep_local_apic(made.machine);
    made.processor = create(made.machine, KVM_CREATE_VCPU, "KVM cannot make a virtual processor");
    const int size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    if (size < static_cast<int>(sizeof(kvm_run))) refuse_kvm("KVM_GET_VCPU_MMAP_SIZE gives nonsense");
    void* const run =
        mmap(nullptr, static_cast<std::size_t>(size), PROT_READ | PROT_WRITE, MAP_SHARED, made.processor, 0);
    if (run == MAP_FAILED) refuse_kvm("cannot map the virtual processor's state", errno);
    made.run = static_cast<kvm_run*>(run);
    close(kvm);
    return made;
}

void give_memory(const Kvm& kvm, std::byte* memory, std::uint64_t size) {
    const kvm_userspace_memory_region region{.slot = 0,
                                             .flags = 0,
                                             .guest_phys_addr = 0,
                                             .memory_size = size,
                                             .userspace_addr = reinterpret_cast<std::uint64_t>(memory)};
    if (ioctl(kvm.machine, KVM_SET_USER_MEMORY_REGION, &region) == 0) return;
    Sentence why;
    why.text("KVM cannot take ").decimal(size).text(" bytes of memory (--mem): ").text(strerror(errno));
    refuse(why);
}

void set_processor(Kvm& kvm) {
    const std::uint64_t host = host_vector_state();
    const std::uint64_t basic = kX87State | kSseState;
    // What KVM does not offer, the guest is not told of.
    for (const std::uint64_t state : {host, host & (basic | kAvxState), basic}) {
        CpuidTable table = make_cpuid_table(ask_processor, state);
        if (ioctl(kvm.processor, kSetCpuid2, &table) != 0) refuse_kvm("KVM refuses the CPUID table", errno);
        if (!set_vector_state(kvm, state)) continue;
        kvm.vector_state = state;
        kvm.protections = protections_of(table);
        share_tsc(kvm);
        return;
    }
    refuse_kvm("KVM refuses the vector state of SSE", errno);
}

void set_entry(const Kvm& kvm, const AddressMap& map, const kvm_regs& registers) {
    kvm_sregs special;
    if (ioctl(kvm.processor, KVM_GET_SREGS, &special) != 0)
        refuse_kvm("cannot read the virtual processor", errno);
    set_segments(special, map);
    special.cr0 = kCr0;
    special.cr3 = 0;
    special.cr4 = kCr4 | kvm.protections;
    special.efer = kEfer;
    if (ioctl(kvm.processor, KVM_SET_SREGS, &special) != 0) {
        // Not every KVM backs SMEP and UMIP, which are a second lock only.
        special.cr4 = kCr4;
        if (ioctl(kvm.processor, KVM_SET_SREGS, &special) != 0)
            refuse_kvm("KVM refuses to start in ring 3", errno);
    }
    if (ioctl(kvm.processor, KVM_SET_REGS, &registers) != 0)
        refuse_kvm("KVM refuses the first registers", errno);
}

std::uint64_t tsc_frequency(const Kvm& kvm) {
    const int kilohertz = ioctl(kvm.processor, KVM_GET_TSC_KHZ, 0);
    return kilohertz > 0 ? static_cast<std::uint64_t>(kilohertz) * 1000 : 0;
}

}  // namespace holm::tender
