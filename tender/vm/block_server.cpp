#include "tender/vm/block_server.h"

#include <array>
#include <span>

#include <errno.h>
#include <linux/filter.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tender/instance/failure.h"
#include "tender/vm/block_calls.h"

namespace holm::tender {
namespace {

constexpr std::size_t kStackSize = std::size_t{64} * 1024;
constexpr std::uint64_t kLongestRange = std::uint64_t{1} << 30;  // bytes of one discard

int make_eventfd(int flags) {
    const int made = eventfd(0, EFD_CLOEXEC | flags);
    if (made < 0) refuse_with_errno("cannot make an eventfd");
    return made;
}

void install(std::span<FilterInstruction> filter) {
    static_assert(sizeof(FilterInstruction) == sizeof(sock_filter));
    const sock_fprog program{static_cast<unsigned short>(filter.size()),
                             reinterpret_cast<sock_filter*>(filter.data())};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
        refuse_with_errno("cannot install the filter of a block device's thread");
}

void enter_filter(const BlockDevice::Handles& handles, std::uint64_t size) {
    const std::array devices{WritableDevice{static_cast<std::uint32_t>(handles.file), size}};
    std::array<FilterInstruction, range_filter_size(devices.size())> range;
    compile_range_filter(devices, range);
    install(range);
    ThreadFilter filter = kBlockFilter;
    filter.patch(kFilePatch, static_cast<std::uint32_t>(handles.file));
    filter.patch(kDoorbellPatch, static_cast<std::uint32_t>(handles.doorbell));
    filter.patch(kNewsPatch, static_cast<std::uint32_t>(handles.news));
    install(std::span(filter.instructions).first(filter.length));
}

}  // namespace

void describe_block_features(holm_boot_block& block) {
    block.features = HOLM_BLOCK_FLUSH | HOLM_BLOCK_DISCARD | HOLM_BLOCK_WRITE_ZEROES;
    block.longest_discard = block.longest_zeroes = kLongestRange;
}

BlockServer::BlockServer(const holm_boot_device& device, std::byte* ring, const BusMemory& memory)
    : block_(device, {device.handle, make_eventfd(0), make_eventfd(EFD_NONBLOCK)}, ring,
             device.queues[HOLM_QUEUE_BLOCK].size, memory) {}

void BlockServer::connect_doorbell(int machine, std::uint64_t physical) const {
    kvm_ioeventfd doorbell{};
    doorbell.addr = physical;
    doorbell.len = 4;
    doorbell.fd = handles().doorbell;
    if (ioctl(machine, KVM_IOEVENTFD, &doorbell) != 0)
        refuse_with_errno("KVM refuses a doorbell (ioeventfd)");
}

void BlockServer::run() {
    enter_filter(handles(), block_.size());
    for (;;) block_.serve();
}

void BlockServer::start() {
    // Inherited: faults alone reach these threads, and end the instance (signals.cpp). The thread of the
    // processor gets its signals when its handlers are installed.
    sigset_t blocked;
    sigfillset(&blocked);
    sigdelset(&blocked, SIGSEGV);
    sigdelset(&blocked, SIGBUS);
    sigprocmask(SIG_SETMASK, &blocked, nullptr);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, kStackSize);
    for (unsigned i = 0; i < kThreads; i++) {
        pthread_t thread;
        const auto begin = [](void* self) -> void* { static_cast<BlockServer*>(self)->run(); };
        errno = pthread_create(&thread, &attributes, begin, this);
        if (errno != 0) refuse_with_errno("cannot start a thread for a block device");
    }
}

}  // namespace holm::tender
