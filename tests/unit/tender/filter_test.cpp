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

std::vector<sock_filter> as_program(std::span<const FilterInstruction> filter) {
    std::vector<sock_filter> program;
    for (const FilterInstruction& i : filter)
        program.push_back({i.code, i.jump_true, i.jump_false, i.operand});
    return program;
}

std::vector<sock_filter> our_filter() {
    SmallestFilter filter = kFilter;
    set_gate(filter, kGateAddress);
    return as_program(filter);
}

std::vector<sock_filter> filter_with(std::span<const WritableDevice> devices) {
    std::vector<FilterInstruction> filter(filter_size(true, devices.size()));
    FilterCompiler(true, devices, filter).compile(kGateAddress);
    return as_program(filter);
}

seccomp_data call_from(std::uint64_t address, int number, std::uint64_t argument2 = 0) {
    seccomp_data data{number, AUDIT_ARCH_X86_64, address, {1, 2, argument2, 4, 5, 6}};
    return data;
}

seccomp_data write_of(std::uint64_t descriptor, std::uint64_t size, std::uint64_t offset) {
    return {18, AUDIT_ARCH_X86_64, 0, {descriptor, 0x1234, size, offset, 0, 0}};
}

seccomp_data fallocate_of(std::uint64_t descriptor, std::uint64_t mode) {
    return {285, AUDIT_ARCH_X86_64, 0, {descriptor, mode, 1, 2, 0, 0}};
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
        if (call.need == Need::kBlockDevice) continue;
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
    CHECK(allowed == static_cast<int>(filter_detail::count_calls(false) * 3 - 2));
    // The kernel works a filter through for each number when it is installed: 1 us for every one or two
    // instructions.
    CHECK(ours.size() < 30);
}

TEST_CASE("without a block device none of its calls is permitted") {
    const auto program = our_filter();
    for (const int number : {327, 18, 75, 285})
        CHECK_FALSE(permitted(program, call_from(kGateAddress, number)));
}

TEST_CASE("with block devices the other calls are decided as without") {
    const std::vector<WritableDevice> devices{{7, 4096}};
    const auto with = filter_with(devices);
    const auto without = our_filter();
    for (int number = 0; number < 1024; number++) {
        if (number == 327 || number == 18 || number == 75 || number == 285) continue;
        for (const std::uint64_t address : {kGateAddress, kGateAddress + 1})
            for (const std::uint64_t argument : {std::uint64_t{0}, std::uint64_t{1}})
                CHECK(permitted(with, call_from(address, number, argument)) ==
                      permitted(without, call_from(address, number, argument)));
    }
    CHECK(permitted(with, call_from(0, 327)));
    CHECK(permitted(with, call_from(0, 75)));
}

TEST_CASE("a write must lie within its device, exactly") {
    constexpr std::uint64_t kFourG = std::uint64_t{1} << 32;
    const std::vector<WritableDevice> devices{{3, 4096},
                                              {7, 5 * kFourG},
                                              {63, 3 * kFourG + 512},
                                              {64, ~std::uint64_t{0} >> 1},
                                              {9, 2 * kFourG - 512}};
    const auto program = filter_with(devices);
    const std::vector<std::uint64_t> around{0,
                                            1,
                                            511,
                                            512,
                                            4095,
                                            4096,
                                            4097,
                                            kFourG - 1,
                                            kFourG,
                                            kFourG + 1,
                                            2 * kFourG,
                                            3 * kFourG,
                                            5 * kFourG,
                                            std::uint64_t{1} << 63,
                                            ~std::uint64_t{0},
                                            ~std::uint64_t{0} - 4095};
    std::size_t allowed = 0;
    for (const WritableDevice& device : devices) {
        std::vector<std::uint64_t> offsets = around;
        for (const std::uint64_t near : around) {
            offsets.push_back(device.size - near);
            offsets.push_back(device.size + near);
        }
        for (const std::uint64_t offset : offsets)
            for (const std::uint64_t size : offsets) {
                CAPTURE(device.descriptor);
                CAPTURE(offset);
                CAPTURE(size);
                const bool within = size < kFourG && offset <= device.size && size <= device.size - offset;
                CHECK(permitted(program, write_of(device.descriptor, size, offset)) == within);
                allowed += within;
            }
    }
    CHECK(allowed > 100);
    for (const std::uint64_t descriptor : {0, 1, 2, 4, 8, 62, 65, 1000})
        CHECK_FALSE(permitted(program, write_of(descriptor, 512, 0)));
    // The kernel looks at the lower half of a descriptor alone, and so must the filter.
    CHECK(permitted(program, write_of(kFourG + 3, 512, 0)));
    CHECK_FALSE(permitted(program, write_of(kFourG + 3, 512, 4096)));
}

TEST_CASE("fallocate may only make holes, and only in a writable device") {
    const std::vector<WritableDevice> devices{{3, 4096}, {7, 8192}};
    const auto program = filter_with(devices);
    for (std::uint64_t mode = 0; mode < 256; mode++) {
        CHECK(permitted(program, fallocate_of(3, mode)) == (mode == 3));
        CHECK(permitted(program, fallocate_of(7, mode)) == (mode == 3));
        CHECK_FALSE(permitted(program, fallocate_of(1, mode)));
    }
}

TEST_CASE("as many devices as there can be fit into a filter") {
    std::vector<WritableDevice> devices;
    for (std::uint32_t i = 0; i < HOLM_MAX_DEVICES; i++) devices.push_back({100 + i, (i + 1) * 4096});
    const auto program = filter_with(devices);
    CHECK(program.size() == kLargestFilter);
    for (const WritableDevice& device : devices) {
        CHECK(permitted(program, write_of(device.descriptor, 4096, device.size - 4096)));
        CHECK_FALSE(permitted(program, write_of(device.descriptor, 4096, device.size - 4095)));
        CHECK(permitted(program, fallocate_of(device.descriptor, 3)));
    }
    CHECK_FALSE(permitted(program, write_of(99, 4096, 0)));
    CHECK_FALSE(permitted(filter_with({}), write_of(0, 0, 0)));
    CHECK_FALSE(permitted(filter_with({}), fallocate_of(0, 3)));
}

TEST_CASE("the table in the documentation is the list") {
    std::ostringstream table;
    table << "| number | call | what it is for | what bounds it | only |\n|---|---|---|---|---|\n";
    for (const SystemCall& call : kSystemCalls)
        table << "| " << call.number << " | `" << call.name << "` | " << call.purpose << " | "
              << describe(call.bound) << " | " << describe(call.need) << " |\n";
    std::ifstream file(HOLM_SOURCE_DIR "/docs/sandbox-syscalls.md");
    const std::string page(std::istreambuf_iterator<char>(file), {});
    const bool up_to_date = page.find(table.str()) != std::string::npos;
    // What docs/sandbox-syscalls.md should hold is printed when it does not.
    CHECK_MESSAGE(up_to_date, table.str());
}

}  // namespace holm::tender
