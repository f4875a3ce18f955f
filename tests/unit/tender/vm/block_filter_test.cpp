// The filter of the threads that serve a block device, on all numbers and on sample arguments.

#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <linux/audit.h>
#include <linux/falloc.h>
#include <seccomp.h>

#include "tender/vm/block_calls.h"
#include "tests/unit/tender/bpf_machine.h"

namespace holm::tender {
namespace {

constexpr std::uint32_t kFile = 4;
constexpr std::uint32_t kDoorbell = 9;
constexpr std::uint32_t kNews = 10;

constexpr std::uint64_t kSize = (std::uint64_t{5} << 30) + 512;

std::uint32_t run(std::span<const FilterInstruction> filter, const seccomp_data& data) {
    std::vector<sock_filter> program;
    for (const FilterInstruction& at : filter)
        program.push_back({at.code, at.jump_true, at.jump_false, at.operand});
    return run_filter(program, data);
}

// Both filters, of which the stricter answer counts.
bool permitted(int number, std::array<std::uint64_t, 6> arguments) {
    ThreadFilter filter = kBlockFilter;
    filter.patch(kFilePatch, kFile);
    filter.patch(kDoorbellPatch, kDoorbell);
    filter.patch(kNewsPatch, kNews);
    const std::array devices{WritableDevice{kFile, kSize}};
    std::array<FilterInstruction, range_filter_size(1)> range;
    compile_range_filter(devices, range);
    seccomp_data data{number, AUDIT_ARCH_X86_64, 0x1234, {}};
    std::copy(arguments.begin(), arguments.end(), data.args);
    bool all = true;
    for (const std::uint32_t verdict :
         {run(range, data), run(std::span(filter.instructions).first(filter.length), data)}) {
        CHECK((verdict == SECCOMP_RET_ALLOW || verdict == SECCOMP_RET_KILL_PROCESS));
        all &= verdict == SECCOMP_RET_ALLOW;
    }
    return all;
}

}  // namespace

TEST_CASE("each call of a block device's thread is known by its number and has a purpose") {
    for (const ThreadCall& call : kBlockCalls) {
        CHECK(!call.purpose.empty());
        char* const name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, call.number);
        CHECK(call.name == name);
        free(name);
    }
}

TEST_CASE("docs/vm.md has the list of a block device's threads") {
    std::ifstream file(HOLM_SOURCE_DIR "/docs/vm.md");
    const std::string text(std::istreambuf_iterator<char>(file), {});
    for (const ThreadCall& call : kBlockCalls) {
        CAPTURE(call.name);
        const std::size_t end = text.find("| " + std::string(call.purpose) + " |\n");
        REQUIRE(end != std::string::npos);
        const std::string row = text.substr(text.rfind('\n', end) + 1);
        CHECK(row.starts_with("| `" + std::string(call.name) + "` | "));
    }
}

TEST_CASE("a block device's thread reaches its own file alone") {
    static_assert(kOnlyHoles == (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE));
    for (const int number : {18, 75, 327}) {
        CAPTURE(number);
        CHECK(permitted(number, {kFile, 1, 2, 3}));
        for (const std::uint64_t other : {0ull, 1ull, 2ull, 5ull, 9ull, 1ull << 32 | kFile})
            CHECK_FALSE(permitted(number, {other, 1, 2, 3}));
    }
    CHECK(permitted(18, {kFile, 1, 512, kSize - 512}));
    CHECK_FALSE(permitted(18, {kFile, 1, 513, kSize - 512}));
    CHECK_FALSE(permitted(18, {kFile, 1, 1, kSize}));
    CHECK_FALSE(permitted(18, {kFile, 1, 512, ~0ull - 511}));
    CHECK_FALSE(permitted(18, {kFile, 1, 1ull << 32, 0}));
    CHECK(permitted(0, {kDoorbell}));
    CHECK_FALSE(permitted(0, {kFile}));
    CHECK(permitted(285, {kFile, 3, 0, 4096}));
    for (const std::uint64_t mode : {0, 1, 2, 4, 16, 32}) CHECK_FALSE(permitted(285, {kFile, mode, 0, 4096}));
    CHECK_FALSE(permitted(285, {1, 3, 0, 4096}));
}

TEST_CASE("a block device's thread rings, tells the news and says why it ends; it writes nothing to others") {
    for (const std::uint32_t own : {kDoorbell, kNews, 2u}) CHECK(permitted(1, {own, 1, 8}));
    for (const std::uint64_t other : {0ull, 1ull, 3ull, 0ull + kFile, 5ull, 1ull << 32 | kNews})
        CHECK_FALSE(permitted(1, {other, 1, 8}));
}

TEST_CASE("a block device's thread has no other call") {
    std::set<std::uint16_t> known;
    for (const ThreadCall& call : kBlockCalls) known.insert(call.number);
    for (int number = 0; number < 1024; number++) {
        CAPTURE(number);
        const bool any = permitted(number, {kFile, 3}) || permitted(number, {kDoorbell});
        CHECK(any == known.contains(static_cast<std::uint16_t>(number)));
    }
}

}  // namespace holm::tender
