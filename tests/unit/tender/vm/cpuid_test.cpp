// What a guest is told, by a processor that says yes to everything.

#include "tender/vm/cpuid.h"

#include <doctest/doctest.h>

namespace holm::tender {
namespace {

CpuidWords everything(std::uint32_t leaf, std::uint32_t subleaf) {
    if (leaf == 0) return {0x24, 0x756e6547, 0x6c65746e, 0x49656e69};
    if (leaf == 0x80000008) return {0xffff3934, ~0u, ~0u, ~0u};
    if (leaf == 0xd && subleaf >= 2) return {64, 576 + 64 * subleaf, 0, 0};
    return {~0u, ~0u, ~0u, ~0u};
}

CpuidWords nothing(std::uint32_t leaf, std::uint32_t) {
    if (leaf == 0) return {1, 1, 2, 3};
    return {0, 0, 0, 0};
}

CpuidWords find(const CpuidTable& table, std::uint32_t leaf, std::uint32_t subleaf = 0) {
    for (std::uint32_t i = 0; i < table.count; i++) {
        const kvm_cpuid_entry2& entry = table.entries[i];
        if (entry.function == leaf && entry.index == subleaf)
            return {entry.eax, entry.ebx, entry.ecx, entry.edx};
    }
    return {0, 0, 0, 0};
}

bool bit(std::uint32_t word, int position) {
    return (word >> position & 1) != 0;
}

constexpr std::uint64_t kAll = kX87State | kSseState | kAvxState | kAvx512State;

}  // namespace

TEST_CASE("virtualisation, SGX, tracing, counters and topology are not there") {
    const CpuidTable table = make_cpuid_table(everything, kAll);
    const CpuidWords one = find(table, 1);
    CHECK_FALSE(bit(one.ecx, 5));   // VMX
    CHECK_FALSE(bit(one.ecx, 3));   // MONITOR
    CHECK_FALSE(bit(one.ecx, 15));  // performance capabilities
    CHECK_FALSE(bit(one.ecx, 21));  // x2APIC
    CHECK_FALSE(bit(one.ecx, 24));  // TSC deadline
    CHECK_FALSE(bit(one.edx, 9));   // APIC
    CHECK_FALSE(bit(one.edx, 21));  // debug store
    const CpuidWords seven = find(table, 7);
    CHECK_FALSE(bit(seven.ebx, 2));   // SGX
    CHECK_FALSE(bit(seven.ebx, 4));   // HLE
    CHECK_FALSE(bit(seven.ebx, 11));  // RTM
    CHECK_FALSE(bit(seven.ebx, 12));  // cache monitoring
    CHECK_FALSE(bit(seven.ebx, 25));  // processor trace
    CHECK_FALSE(bit(seven.ecx, 30));  // SGX launch control
    CHECK_FALSE(bit(seven.ecx, 3));   // protection keys
    CHECK_FALSE(bit(seven.ecx, 5));   // WAITPKG
    CHECK_FALSE(bit(seven.edx, 24));  // AMX
    const CpuidWords extended = find(table, 0x80000001);
    CHECK_FALSE(bit(extended.ecx, 2));   // SVM
    CHECK_FALSE(bit(extended.ecx, 23));  // performance counters
    CHECK_FALSE(bit(extended.edx, 11));  // syscall
    for (const std::uint32_t leaf : {0xau, 0x12u, 0x14u, 0xbu, 0x1fu, 0x23u, 0x8000000au, 0x80000022u}) {
        const CpuidWords words = find(table, leaf);
        CHECK((words.eax | words.ebx | words.ecx | words.edx) == 0);
    }
    CHECK(find(table, 0).eax == 0xd);
    CHECK(find(table, 0x80000000).eax == 0x80000008);
    CHECK(find(table, 0x80000008).eax == 0x3034);
}

TEST_CASE("what programs compute with is there") {
    const CpuidTable table = make_cpuid_table(everything, kAll);
    const CpuidWords one = find(table, 1);
    for (const int position : {0, 1, 9, 12, 13, 19, 20, 22, 23, 25, 26, 28, 29, 30, 31})
        CHECK(bit(one.ecx, position));
    CHECK(bit(find(table, 7).ebx, 0));  // FSGSBASE, which every image needs
    CHECK(bit(find(table, 7).ebx, 5));
    CHECK(bit(find(table, 7).ebx, 16));
    CHECK(bit(find(table, 0x80000007).edx, 8));
}

TEST_CASE("features go with the vector state that the guest gets") {
    const CpuidTable table = make_cpuid_table(everything, kX87State | kSseState);
    CHECK_FALSE(bit(find(table, 1).ecx, 28));
    CHECK_FALSE(bit(find(table, 1).ecx, 12));
    CHECK_FALSE(bit(find(table, 7).ebx, 5));
    CHECK_FALSE(bit(find(table, 7).ebx, 16));
    CHECK(find(table, 0xd).eax == 3);
    CHECK(find(table, 0xd).ebx == 576);
    CHECK(find(make_cpuid_table(everything, kX87State | kSseState | kAvxState), 0xd).ebx == 832);
    CHECK(find(make_cpuid_table(everything, kAll), 0xd).ebx == 576 + 64 * 7 + 64);
}

TEST_CASE("an old processor's table has no leaf that it lacks") {
    const CpuidTable table = make_cpuid_table(nothing, kX87State | kSseState);
    CHECK(find(table, 0).eax == 1);
    CHECK(find(table, 1).ecx == 1u << 31);
    for (std::uint32_t i = 0; i < table.count; i++) CHECK(table.entries[i].function != 7);
}

TEST_CASE("the fullest table fits") {
    CHECK(make_cpuid_table(everything, kAll).count <= CpuidTable::kCapacity);
}

}  // namespace holm::tender
