// holm doctor: what this machine can do, and what would have to change.

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include <cpuid.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/landlock.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/places.h"
#include "cli/text/format.h"
#include "cli/text/style.h"
#include "cli/topology/namespaces.h"

namespace holm::cli {
namespace {

class Report {
  public:
    // A thing that is needed; without it the command ends with status 1.
    void need(bool good, std::string_view what, std::string_view otherwise) {
        line(good, what, otherwise);
        complete_ = complete_ && good;
    }
    void nice(bool good, std::string_view what, std::string_view otherwise) { line(good, what, otherwise); }
    bool complete() const { return complete_; }

  private:
    void line(bool good, std::string_view what, std::string_view otherwise) {
        print_line("{} {}{}", good ? style_.good("yes") : style_.bad("no "), what,
                   good ? "" : std::string(": ") + std::string(otherwise));
    }
    Style style_;
    bool complete_ = true;
};

bool has_fsgsbase() {
    constexpr unsigned long kHwcap2Fsgsbase = 1u << 1;  // arch/x86/include/uapi/asm/hwcap2.h
    return (getauxval(AT_HWCAP2) & kHwcap2Fsgsbase) != 0;
}

bool has_invariant_tsc() {
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid(0x80000007, &a, &b, &c, &d) == 1 && (d & (1u << 8)) != 0;
}

bool has_landlock() {
    return syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

bool has_mseal() {
    constexpr long kMseal = 462;  // newer than Debian 12's headers
    return syscall(kMseal, 1, 0, 0) < 0 && errno != ENOSYS;
}

// What keeps --tender vm from running; empty: nothing.
std::string_view what_keeps_from_kvm() {
    const int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (kvm < 0)
        return errno == EACCES || errno == EPERM ? "no permission for /dev/kvm; its group is usually kvm"
                                                 : "this machine has no KVM (/dev/kvm)";
    const int version = ioctl(kvm, KVM_GET_API_VERSION, 0);
    close(kvm);
    return version == KVM_API_VERSION ? "" : "/dev/kvm speaks another interface";
}

bool has_default_route() {
    std::ifstream routes("/proc/net/route");
    for (std::string name, destination, rest; routes >> name >> destination && std::getline(routes, rest);) {
        if (destination == "00000000") return true;
    }
    return false;
}

int examine() {
    utsname kernel{};
    uname(&kernel);
    print_line("{} {} on {}\n", static_cast<const char*>(kernel.sysname),
               static_cast<const char*>(kernel.release), static_cast<const char*>(kernel.machine));
    Report report;
    report.need(has_fsgsbase(), "FSGSBASE: images set their thread pointers themselves",
                "the processor or the kernel lacks it; Linux 5.9 on a processor from 2013 or later has it");
    report.need(std::filesystem::exists("/proc/sys/kernel/seccomp/actions_avail"),
                "seccomp: the sandbox of the process tender",
                "this kernel is built without CONFIG_SECCOMP_FILTER");
    report.nice(has_invariant_tsc(), "invariant TSC: clock reads without system calls, exact",
                "clocks are compared with the host's now and then");
    report.nice(has_landlock(), "Landlock: tools that read images cannot open files",
                "they rely on seccomp alone");
    report.nice(has_mseal(), "mseal: an instance's mappings are sealed",
                "Linux 6.10 brings it; the filter holds without it");
    const std::string_view no_kvm = what_keeps_from_kvm();
    report.nice(no_kvm.empty(), "KVM: images as virtual machines, --tender vm", no_kvm);
    report.nice(access("/dev/net/tun", R_OK | W_OK) == 0, "tap devices: --net NAME=tapX, holm up",
                "/dev/net/tun cannot be opened; -p needs no tap");
    const std::string no_namespaces = why_no_namespaces();
    report.nice(no_namespaces.empty(), "network namespaces: holm up", no_namespaces);
    report.nice(find_on_path("ip").has_value(), "ip: the networks of holm up",
                "not installed; on Debian: apt install iproute2");
    report.nice(find_on_path("passt").has_value(), "passt: rootless -p HOST:GUEST",
                "not installed; on Debian: apt install passt");
    report.nice(has_default_route(), "default route: what passt leads to", "-p needs one");
    return report.complete() ? 0 : 1;
}

}  // namespace

void add_doctor(CommandLine& line) {
    line.add_command("doctor", "Say what this machine can do").action(examine);
}

}  // namespace holm::cli
