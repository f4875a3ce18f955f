#include "cli/selftest/checks.h"

namespace holm::cli {
namespace {

using enum Expectation;
using enum Tenders;

constexpr Check kChecks[] = {
    {"memory", "write-code", "code is not writable", kPanic},
    {"memory", "write-constant", "constant data is not writable", kPanic},
    {"memory", "write-relro", "relocated constants are not writable (RELRO)", kPanic},
    {"memory", "write-header", "the image's headers are not writable", kPanic},
    {"memory", "execute-constant", "constant data is not executable", kPanic},
    {"memory", "execute-data", "data is not executable", kPanic},
    {"memory", "execute-heap", "the heap is not executable", kPanic},
    {"memory", "execute-stack", "the stack is not executable", kPanic},
    {"memory", "read-page-zero", "page 0 cannot be read", kPanic},
    {"memory", "write-page-zero", "page 0 cannot be written", kPanic},
    {"memory", "execute-page-zero", "page 0 cannot be executed", kPanic},
    {"memory", "read-kernel-half", "the kernel's addresses cannot be read", kPanic},
    {"memory", "read-before-image", "nothing lies below the image", kPanic},
    {"memory", "write-below-stack", "the page below the stack is a guard", kPanic},
    {"memory", "write-after-heap", "the page behind the heap is a guard", kPanic},
    {"memory", "write-before-heap", "the page below the heap is a guard", kPanic},
    {"memory", "overflow-stack", "a stack overflow is caught and reported", kPanic},

    {"mistakes of the service", "smash-stack", "the stack canary catches a buffer overflow", kPanic},
    {"mistakes of the service", "array-bounds", "the library checks array bounds", kPanic},
    {"mistakes of the service", "free-twice", "the heap catches a double free", kPanic},
    {"mistakes of the service", "write-after-free", "the heap catches a write after free", kPanic},

    {"randomness", "image-base", "the image lies elsewhere at each start", kDiffers},
    {"randomness", "heap-base", "the heap lies elsewhere at each start", kDiffers},
    {"randomness", "stack-base", "the stack lies elsewhere at each start", kDiffers},
    {"randomness", "canary", "the canary is another one at each start", kDiffers},
    {"randomness", "random-number", "random numbers are others at each start", kDiffers},
    {"randomness", "seed-erased", "the seed they come from is erased", kRefused},

    {"privileged instructions", "hlt", "hlt is refused", kPanic},
    {"privileged instructions", "cli", "cli is refused", kPanic},
    {"privileged instructions", "in", "port input is refused", kPanic},
    {"privileged instructions", "out", "port output is refused", kPanic},
    {"privileged instructions", "rdmsr", "reading model-specific registers is refused", kPanic},
    {"privileged instructions", "wrmsr", "writing model-specific registers is refused", kPanic},
    {"privileged instructions", "mov-to-cr0", "turning write protection off is refused", kPanic},
    {"privileged instructions", "mov-to-cr3", "loading other page tables is refused", kPanic},
    {"privileged instructions", "mov-from-cr3", "reading where page tables lie is refused", kPanic},
    {"privileged instructions", "lidt", "loading an interrupt table is refused", kPanic},
    {"privileged instructions", "lgdt", "loading a segment table is refused", kPanic},
    {"privileged instructions", "invlpg", "invlpg is refused", kPanic},
    {"privileged instructions", "wbinvd", "wbinvd is refused", kPanic},
    {"privileged instructions", "swapgs", "swapgs is refused", kPanic},
    {"privileged instructions", "lretq-to-ring-0", "a far return to ring 0 is refused", kPanic},

    {"system calls", "execve", "no program can be started", kStopped},
    {"system calls", "open", "no file can be opened", kStopped},
    {"system calls", "socket", "no socket can be made", kStopped},
    {"system calls", "fork", "no process can be made", kStopped},
    {"system calls", "ptrace", "no debugger can be asked for", kStopped},
    {"system calls", "mmap", "no executable memory can be had", kStopped},
    {"system calls", "x32", "the x32 way in is closed", kStopped},
    {"system calls", "int-80", "the 32-bit way in is closed", kStopped},
    {"system calls", "vsyscall", "the vsyscall page leads nowhere", kStopped},
    {"system calls", "mprotect", "no memory can be made executable", kStopped, kProcess},
    {"system calls", "descriptor", "no descriptor is open but what was granted", kRefused, kProcess},

    {"hypercalls", "unknown-hypercall", "an unknown hypercall ends the instance", kStopped, kVm},
    {"hypercalls", "fault-hypercall", "ring 0's hypercall is refused to ring 3", kStopped, kVm},
    {"hypercalls", "foreign-text", "addresses that are not the guest's are refused", kStopped, kVm},
    {"hypercalls", "guard-code", "protections of the image cannot be changed", kStopped, kVm},
    {"hypercalls", "foreign-doorbell", "a device that was not granted is not there", kStopped, kVm},

    {"tender", "undeclared-device", "a device that the manifest does not declare is refused", kNoStart},
    {"tender", "writable-code", "an image with a writable and executable segment is refused", kNoStart},
    {"tender", "executable-stack", "an image that wants an executable stack is refused", kNoStart},
    {"tender", "truncated", "an image that was cut short is refused", kNoStart},
    {"tender", "direct", "the file does not run by itself, outside a sandbox", kNoStart},
    {"tender", "rights", "no capabilities, no new privileges, a system call filter", kOutside, kProcessAndVm},
    {"tender", "mappings", "no memory of the process is writable and executable", kOutside, kProcessAndVm},
};

}  // namespace

std::span<const Check> all_checks() {
    return kChecks;
}

bool runs_on(const Check& check, std::string_view tender) {
    switch (check.tenders) {
        case kAll:
            return true;
        case kProcess:
            return tender == "process";
        case kVm:
            return tender == "vm";
        case kProcessAndVm:
            return tender == "process" || tender == "vm";
    }
    return false;
}

}  // namespace holm::cli
