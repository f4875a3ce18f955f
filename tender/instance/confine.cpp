#include "tender/instance/confine.h"

#include <utility>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tender/instance/failure.h"
#include "tender/instance/landlock.h"

namespace holm::tender {
namespace {

constexpr unsigned long kFsgsbase = 1u << 1;  // HWCAP2_FSGSBASE of <asm/hwcap2.h>
constexpr long kCloseRange = 436;

void limit(int resource, rlim_t value, std::string_view what) {
    const rlimit both{value, value};
    if (setrlimit(resource, &both) != 0) refuse_with_errno(what);
}

void control(int option, unsigned long value, std::string_view what) {
    if (prctl(option, value, 0, 0, 0) != 0) refuse_with_errno(what);
}

void close_range(unsigned first, unsigned last) {
    if (first > last) return;
    if (syscall(kCloseRange, first, last, 0) != 0)
        refuse_with_errno("cannot close descriptors (Linux 5.9 is needed)");
}

// A handful of numbers: insertion is enough, and std::sort would need the C++ runtime library.
void sort(std::span<int> numbers) {
    for (std::size_t i = 1; i < numbers.size(); i++)
        for (std::size_t j = i; j > 0 && numbers[j] < numbers[j - 1]; j--)
            std::swap(numbers[j], numbers[j - 1]);
}

}  // namespace

void require_host_support() {
    if (!(getauxval(AT_HWCAP2) & kFsgsbase))
        refuse("this machine cannot run images: FSGSBASE is needed (Linux 5.9, a CPU since 2012)");
    const std::uint32_t kill_process = SECCOMP_RET_KILL_PROCESS;
    if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &kill_process) != 0)
        refuse("this kernel cannot confine images: seccomp filters that kill the process are needed");
}

void prepare_output(int descriptor) {
    const int flags = fcntl(descriptor, F_GETFL);
    int replacement = -1;
    if (flags < 0) {
        replacement = open("/dev/null", O_WRONLY | O_CLOEXEC);
        if (replacement < 0) refuse_with_errno("standard output is closed and /dev/null cannot be opened");
    } else if ((flags & O_ACCMODE) == O_RDWR && isatty(descriptor)) {
        // A terminal is open for reading too; whoever is behind the sandbox shall not get at the user's
        // keyboard.
        const char* const again = descriptor == kConsole ? "/proc/self/fd/1" : "/proc/self/fd/2";
        replacement = open(again, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    }
    if (replacement < 0 || replacement == descriptor) return;
    if (dup2(replacement, descriptor) < 0) refuse_with_errno("cannot prepare standard output");
    close(replacement);
}

void close_all_but(std::span<int> kept) {
    sort(kept);
    unsigned next = 0;
    for (const int keep : kept) {
        const auto descriptor = static_cast<unsigned>(keep);
        if (descriptor > next) close_range(next, descriptor - 1);
        next = descriptor + 1;
    }
    close_range(next, ~0u);
    // A second lock on the table: no number beyond the granted ones can be given out. Not 0, for ppoll
    // refuses more entries than this limit.
    limit(RLIMIT_NOFILE, next, "cannot limit the number of descriptors");
}

void drop_privileges(const char* name) {
    control(PR_SET_NAME, reinterpret_cast<unsigned long>(name), "cannot name the process");
    control(PR_SET_TIMERSLACK, 1, "cannot set the timer slack");  // nanosecond; the default is 50 us
    limit(RLIMIT_CORE, 0, "cannot forbid core files");
    control(PR_SET_NO_NEW_PRIVS, 1, "cannot set no_new_privs");
    deny_files_and_network();
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3]{};
    if (syscall(SYS_capset, &header, none) != 0) refuse_with_errno("cannot drop the capabilities");
}

void forbid_new_processes() {
    limit(RLIMIT_NPROC, 0, "cannot forbid new processes");
}

}  // namespace holm::tender
