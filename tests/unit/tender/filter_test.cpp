// The filter that the build compiles from the one list, run on all numbers and sample arguments: it permits
// what the list says, nothing else, and decides as libseccomp's filter for the same policy does.

#include "tender/sandbox/filter.h"

#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/tender/bpf_machine.h"

namespace holm::tender {
namespace {

constexpr std::uint64_t kGateAddress = 0x6123'4567'800b;
constexpr std::uint32_t kX32Bit = 0x40000000;

std::vector<sock_filter> our_filter() {
    Filter filter = kFilter;
    filter.set_gate(kGateAddress);
    std::vector<sock_filter> program;
    for (const FilterInstruction& i : filter.instructions)
        program.push_back({i.code, i.jump_true, i.jump_false, i.operand});
    return program;
}

seccomp_data call_from(std::uint64_t address, int number, std::uint64_t argument2 = 0) {
    seccomp_data data{number, AUDIT_ARCH_X86_64, address, {1, 2, argument2, 4, 5, 6}};
    return data;
}

bool permitted(const std::vector<sock_filter>& program, const seccomp_data& data) {
    const std::uint32_t verdict = run_filter(program, data);
    CHECK((verdict == SECCOMP_RET_ALLOW || verdict == SECCOMP_RET_KILL_PROCESS));
    return verdict == SECCOMP_RET_ALLOW;
}

// The same policy, less the gate, which libseccomp cannot express.
std::vector<sock_filter> filter_of_libseccomp() {
    scmp_filter_ctx context = seccomp_init(SCMP_ACT_KILL_PROCESS);
    REQUIRE(context != nullptr);
    REQUIRE(seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0);
    for (const SystemCall& call : kSystemCalls) {
        const int result =
            call.bound == Bound::kGateNoAccess
                ? seccomp_rule_add(context, SCMP_ACT_ALLOW, call.number, 1, SCMP_A2(SCMP_CMP_EQ, 0))
                : seccomp_rule_add(context, SCMP_ACT_ALLOW, call.number, 0);
        REQUIRE(result == 0);
    }
    const int file = memfd_create("filter", 0);
    REQUIRE(seccomp_export_bpf(context, file) == 0);
    std::vector<sock_filter> program(static_cast<std::size_t>(lseek(file, 0, SEEK_END)) /
                                     sizeof(sock_filter));
    const auto size = static_cast<ssize_t>(program.size() * sizeof(sock_filter));
    REQUIRE(pread(file, program.data(), program.size() * sizeof(sock_filter), 0) == size);
    close(file);
    seccomp_release(context);
    return program;
}

}  // namespace

TEST_CASE("at most twelve calls are permitted, each with a reason") {
    CHECK(kSystemCalls.size() <= 12);
    for (const SystemCall& call : kSystemCalls) {
        CHECK(!call.purpose.empty());
        CHECK(find_system_call(call.number)->name == call.name);
        char* const name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, call.number);
        CHECK(call.name == name);
        free(name);
    }
}

TEST_CASE("hot calls are decided by their number alone") {
    const auto program = our_filter();
    for (const int number : {0, 1, 20, 231, 271}) {
        CAPTURE(number);
        CHECK(permitted(program, call_from(0, number)));
        CHECK(permitted(program, call_from(kGateAddress, number, ~std::uint64_t{0})));
    }
}

TEST_CASE("the other calls must come from the gate") {
    const auto program = our_filter();
    for (const int number : {10, 15, 228}) {
        CAPTURE(number);
        CHECK(permitted(program, call_from(kGateAddress, number)));
        for (const std::uint64_t address :
             {std::uint64_t{0}, kGateAddress - 1, kGateAddress + 1, kGateAddress ^ (std::uint64_t{1} << 32),
              kGateAddress & 0xffffffff, kGateAddress << 32 | kGateAddress >> 32})
            CHECK_FALSE(permitted(program, call_from(address, number)));
    }
}

TEST_CASE("mprotect may only take access away") {
    const auto program = our_filter();
    for (const std::uint64_t protection :
         {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{4}, std::uint64_t{7}, std::uint64_t{1} << 32,
          ~std::uint64_t{0}, std::uint64_t{0x01000000}})
        CHECK_FALSE(permitted(program, call_from(kGateAddress, 10, protection)));
}

TEST_CASE("other architectures and x32 are killed") {
    const auto program = our_filter();
    for (int number = 0; number < 1024; number++) {
        seccomp_data data = call_from(kGateAddress, number);
        data.arch = AUDIT_ARCH_I386;
        CHECK_FALSE(permitted(program, data));
        data.arch = AUDIT_ARCH_AARCH64;
        CHECK_FALSE(permitted(program, data));
        CHECK_FALSE(permitted(program, call_from(kGateAddress, static_cast<int>(kX32Bit) | number)));
    }
    CHECK_FALSE(permitted(program, call_from(kGateAddress, -1)));
}

TEST_CASE("libseccomp decides the same") {
    const auto ours = our_filter();
    const auto theirs = filter_of_libseccomp();
    int allowed = 0;
    for (const std::uint32_t high : {0u, kX32Bit, 0x80000000u})
        for (std::uint32_t low = 0; low < 1024; low++)
            for (const std::uint64_t argument :
                 {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 32}) {
                const seccomp_data data = call_from(kGateAddress, static_cast<int>(high | low), argument);
                const bool permit = permitted(ours, data);
                CHECK(permit == permitted(theirs, data));
                allowed += permit;
            }
    // Each of the list with each sample, but mprotect with one.
    CHECK(allowed == static_cast<int>(kSystemCalls.size() * 3 - 2));
    // The kernel works a filter through for each number when it is installed: 1 us for every one or two
    // instructions.
    CHECK(ours.size() < 30);
}

TEST_CASE("the table in the documentation is the list") {
    std::ostringstream table;
    table << "| number | call | what it is for | what bounds it |\n|---|---|---|---|\n";
    for (const SystemCall& call : kSystemCalls)
        table << "| " << call.number << " | `" << call.name << "` | " << call.purpose << " | "
              << describe(call.bound) << " |\n";
    std::ifstream file(HOLM_SOURCE_DIR "/docs/sandbox-syscalls.md");
    const std::string page(std::istreambuf_iterator<char>(file), {});
    const bool up_to_date = page.find(table.str()) != std::string::npos;
    // What docs/sandbox-syscalls.md should hold is printed when it does not.
    CHECK_MESSAGE(up_to_date, table.str());
}

}  // namespace holm::tender
