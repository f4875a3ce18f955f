// The filter of the thread that runs a guest, on all numbers and on sample arguments.

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <linux/audit.h>
#include <linux/kvm.h>
#include <seccomp.h>

#include "tender/vm/vcpu_calls.h"
#include "tests/unit/tender/bpf_machine.h"

namespace holm::tender {
namespace {

constexpr std::uint32_t kProcessor = 6;
constexpr std::uint64_t kHighBit = std::uint64_t{1} << 32;

constexpr std::uint32_t kListener = 7;
constexpr std::uint32_t kDump = 8;

std::vector<sock_filter> our_filter(bool debugged) {
    ThreadFilter filter = debugged ? kDebuggedVcpuFilter : kVcpuFilter;
    filter.patch(kProcessorPatch, kProcessor);
    filter.patch(kListenerPatch, kListener);
    filter.patch(kDumpPatch, kDump);
    std::vector<sock_filter> program;
    for (std::size_t i = 0; i < filter.length; i++) {
        const FilterInstruction& at = filter.instructions[i];
        program.push_back({at.code, at.jump_true, at.jump_false, at.operand});
    }
    return program;
}

bool permitted(int number, std::array<std::uint64_t, 6> arguments,
               std::uint32_t architecture = AUDIT_ARCH_X86_64, bool debugged = false) {
    seccomp_data data{number, architecture, 0x1234, {}};
    std::copy(arguments.begin(), arguments.end(), data.args);
    const std::uint32_t verdict = run_filter(our_filter(debugged), data);
    CHECK((verdict == SECCOMP_RET_ALLOW || verdict == SECCOMP_RET_KILL_PROCESS));
    return verdict == SECCOMP_RET_ALLOW;
}

}  // namespace

TEST_CASE("each call of the list is known by its number and has a purpose") {
    for (const ThreadCall& call : kVcpuCalls) {
        CHECK(!call.purpose.empty());
        char* const name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, call.number);
        CHECK(call.name == name);
        free(name);
    }
}

TEST_CASE("docs/vm.md has the list") {
    std::ifstream file(HOLM_SOURCE_DIR "/docs/vm.md");
    std::stringstream text;
    text << file.rdbuf();
    for (const ThreadCall& call : kVcpuCalls) {
        CAPTURE(call.name);
        const std::size_t row = text.str().find("| `" + std::string(call.name) + "` | ");
        REQUIRE(row != std::string::npos);
        const std::string line = text.str().substr(row, text.str().find('\n', row) - row);
        CHECK(line.ends_with("| " + std::string(call.purpose) + " |"));
    }
}

TEST_CASE("of ioctl, KVM_RUN on the virtual processor is left") {
    static_assert(KVM_RUN == kKvmRun);
    CHECK(permitted(16, {kProcessor, KVM_RUN, 0}));
    for (const std::uint64_t descriptor : {std::uint64_t{0}, std::uint64_t{2}, std::uint64_t{5},
                                           std::uint64_t{7}, kProcessor + kHighBit, ~std::uint64_t{0}})
        CHECK_FALSE(permitted(16, {descriptor, KVM_RUN, 0}));
    for (const std::uint64_t request :
         {std::uint64_t{KVM_SET_SREGS}, std::uint64_t{KVM_GET_REGS}, std::uint64_t{KVM_CREATE_VCPU},
          std::uint64_t{0}, KVM_RUN + kHighBit, std::uint64_t{KVM_RUN + 1}, ~std::uint64_t{0}})
        CHECK_FALSE(permitted(16, {kProcessor, request, 0}));
}

TEST_CASE("mprotect takes access away and gives none; only the timer of real time can be set") {
    CHECK(permitted(10, {0x1000, 4096, 0}));
    for (const std::uint64_t protection : {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{4}, kHighBit})
        CHECK_FALSE(permitted(10, {0x1000, 4096, protection}));
    CHECK(permitted(38, {0}));
    CHECK_FALSE(permitted(38, {1}));
    CHECK_FALSE(permitted(38, {2}));
    CHECK_FALSE(permitted(38, {kHighBit}));
    CHECK(permitted(271, {0x1000, 1, 0x2000, 0, 0}));
    CHECK_FALSE(permitted(271, {0x1000, 1, 0x2000, 0x3000, 8}));
}

TEST_CASE("what is not on the list is forbidden, and so are other ways in") {
    for (int number = 0; number < 1024; number++) {
        bool listed = false;
        for (const ThreadCall& call : kVcpuCalls) listed |= call.number == number;
        CAPTURE(number);
        if (!listed) CHECK_FALSE(permitted(number, {}));
        CHECK_FALSE(permitted(number | 0x40000000, {}));
        CHECK_FALSE(permitted(number, {kProcessor, KVM_RUN}, AUDIT_ARCH_I386));
    }
    CHECK_FALSE(permitted(-1, {}));
}

TEST_CASE("a debugger's calls are permitted only when there may be one") {
    static_assert(_IOC(_IOC_READ, KVMIO, 0xa4, kKvmXsaveSize) == kKvmGetXsave);
    static_assert(_IOC(_IOC_WRITE, KVMIO, 0xa5, kKvmXsaveSize) == kKvmSetXsave);
    static_assert(KVM_SET_GUEST_DEBUG == kKvmSetGuestDebug);
    const std::pair<int, std::array<std::uint64_t, 6>> calls[] = {{16, {kProcessor, kKvmGetXsave}},
                                                                  {16, {kProcessor, kKvmSetXsave}},
                                                                  {16, {kProcessor, KVM_SET_GUEST_DEBUG}},
                                                                  {288, {kListener, 0, 0, 0}},
                                                                  {3, {0}},
                                                                  {18, {kDump, 0x1000, 16, 0}},
                                                                  {77, {kDump, 0}}};
    for (const auto& [number, arguments] : calls) {
        CAPTURE(number);
        CHECK_FALSE(permitted(number, arguments));
        CHECK(permitted(number, arguments, AUDIT_ARCH_X86_64, true));
        auto other = arguments;
        other[0]++;
        CHECK_FALSE(permitted(number, other, AUDIT_ARCH_X86_64, true));
    }
    CHECK(permitted(16, {kProcessor, KVM_RUN, 0}, AUDIT_ARCH_X86_64, true));
    for (const std::uint64_t request :
         {std::uint64_t{KVM_SET_SREGS}, std::uint64_t{KVM_SET_USER_MEMORY_REGION}})
        CHECK_FALSE(permitted(16, {kProcessor, request, 0}, AUDIT_ARCH_X86_64, true));
    for (const ThreadCall& call : kDebugCalls) CHECK(!call.purpose.empty());
}

}  // namespace holm::tender
