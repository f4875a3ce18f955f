#include "tender/vm/cpuid.h"

#include <cpuid.h>

namespace holm::tender {
namespace {

constexpr std::uint32_t bits(std::initializer_list<int> positions) {
    std::uint32_t mask = 0;
    for (const int position : positions) mask |= 1u << position;
    return mask;
}

// Features by leaf and register (Intel SDM vol. 2, CPUID; AMD APM vol. 3, appendix E).
constexpr std::uint32_t kLeaf1Ecx =
    bits({0 /*SSE3*/, 1 /*PCLMULQDQ*/, 9 /*SSSE3*/, 13 /*CMPXCHG16B*/, 19 /*SSE4.1*/, 20 /*SSE4.2*/,
          22 /*MOVBE*/, 23 /*POPCNT*/, 25 /*AES*/, 26 /*XSAVE*/, 27 /*OSXSAVE*/, 30 /*RDRAND*/});
constexpr std::uint32_t kLeaf1EcxAvx = bits({12 /*FMA*/, 28 /*AVX*/, 29 /*F16C*/});
constexpr std::uint32_t kHypervisor = bits({31});
// What long mode itself needs is among these: PSE, MSR, PAE, PGE, PAT.
constexpr std::uint32_t kLeaf1Edx =
    bits({0 /*FPU*/, 2 /*DE*/, 3 /*PSE*/, 4 /*TSC*/, 5 /*MSR*/, 6 /*PAE*/, 8 /*CX8*/, 13 /*PGE*/, 15 /*CMOV*/,
          16 /*PAT*/, 19 /*CLFLUSH*/, 23 /*MMX*/, 24 /*FXSR*/, 25 /*SSE*/, 26 /*SSE2*/});

constexpr std::uint32_t kLeaf7Ebx =
    bits({0 /*FSGSBASE*/, 3 /*BMI1*/, 7 /*SMEP*/, 8 /*BMI2*/, 9 /*ERMS*/, 18 /*RDSEED*/, 19 /*ADX*/,
          20 /*SMAP*/, 23 /*CLFLUSHOPT*/, 24 /*CLWB*/, 29 /*SHA*/});
constexpr std::uint32_t kLeaf7EbxAvx = bits({5 /*AVX2*/});
constexpr std::uint32_t kLeaf7EbxAvx512 =
    bits({16 /*F*/, 17 /*DQ*/, 21 /*IFMA*/, 28 /*CD*/, 30 /*BW*/, 31 /*VL*/});
constexpr std::uint32_t kLeaf7Ecx = bits({2 /*UMIP*/, 8 /*GFNI*/});
constexpr std::uint32_t kLeaf7EcxAvx = bits({9 /*VAES*/, 10 /*VPCLMULQDQ*/});
constexpr std::uint32_t kLeaf7EcxAvx512 =
    bits({1 /*VBMI*/, 6 /*VBMI2*/, 11 /*VNNI*/, 12 /*BITALG*/, 14 /*VPOPCNTDQ*/});
constexpr std::uint32_t kLeaf7Edx = bits({4 /*FSRM*/, 14 /*SERIALIZE*/});

constexpr std::uint32_t kExtended1Ecx =
    bits({0 /*LAHF*/, 5 /*LZCNT*/, 6 /*SSE4A*/, 7 /*misaligned SSE*/, 8 /*PREFETCHW*/});
constexpr std::uint32_t kExtended1Edx = bits({20 /*NX*/, 26 /*1 GiB pages*/, 29 /*long mode*/});
constexpr std::uint32_t kInvariantTsc = bits({8});

// The upper halves of the AVX registers: the same place and size in every XSAVE area. Those of AVX-512
// differ.
constexpr CpuidWords kAvxPart{256, 576, 0, 0};

class TableWriter {
  public:
    TableWriter(AskProcessor* ask, std::uint64_t state) : ask_(ask), state_(state) {}

    CpuidTable write() {
        const CpuidWords vendor = ask_(0, 0);
        const std::uint32_t highest = vendor.eax;
        add(0, {highest < 0xd ? highest : 0xd, vendor.ebx, vendor.ecx, vendor.edx});
        add_features();
        if (highest >= 7) add_leaf_7();
        if (highest >= 0xd) add_state();
        // Who provides this machine: "HolmHolmHolm".
        add(0x40000000, {0x40000000, 0x6d6c6f48, 0x6d6c6f48, 0x6d6c6f48});
        add_extended(vendor);
        return table_;
    }

  private:
    bool has_avx() const { return (state_ & kAvxState) != 0; }
    bool has_avx512() const { return (state_ & kAvx512State) == kAvx512State; }

    void add(std::uint32_t leaf, const CpuidWords& words) {
        table_.entries[table_.count++] = {
            .function = leaf, .eax = words.eax, .ebx = words.ebx, .ecx = words.ecx, .edx = words.edx};
    }
    void add_subleaf(std::uint32_t leaf, std::uint32_t subleaf, const CpuidWords& words) {
        add(leaf, words);
        table_.entries[table_.count - 1].index = subleaf;
        table_.entries[table_.count - 1].flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
    }

    void add_features() {
        const CpuidWords host = ask_(1, 0);
        const std::uint32_t cache_line = host.ebx & 0xff00;
        const std::uint32_t one_processor = 1u << 16;
        add(1,
            {host.eax, cache_line | one_processor,
             (host.ecx & (kLeaf1Ecx | (has_avx() ? kLeaf1EcxAvx : 0))) | kHypervisor, host.edx & kLeaf1Edx});
    }

    void add_leaf_7() {
        const CpuidWords host = ask_(7, 0);
        const std::uint32_t ebx =
            kLeaf7Ebx | (has_avx() ? kLeaf7EbxAvx : 0) | (has_avx512() ? kLeaf7EbxAvx512 : 0);
        const std::uint32_t ecx =
            kLeaf7Ecx | (has_avx() ? kLeaf7EcxAvx : 0) | (has_avx512() ? kLeaf7EcxAvx512 : 0);
        add_subleaf(7, 0, {0, host.ebx & ebx, host.ecx & ecx, host.edx & kLeaf7Edx});
    }

    // Sizes and places of the parts of an XSAVE area.
    void add_state() {
        std::uint32_t size = 576;  // the legacy area and the header
        for (std::uint32_t part = 2; part < 8; part++) {
            if (!(state_ >> part & 1)) continue;
            const CpuidWords host = part == 2 ? kAvxPart : ask_(0xd, part);
            if (host.ebx + host.eax > size) size = host.ebx + host.eax;
            add_subleaf(0xd, part, {host.eax, host.ebx, host.ecx, 0});
        }
        add_subleaf(0xd, 0, {static_cast<std::uint32_t>(state_), size, size, 0});
    }

    void add_extended(const CpuidWords& vendor) {
        add(0x80000000, {0x80000008, vendor.ebx, vendor.ecx, vendor.edx});
        const CpuidWords features = ask_(0x80000001, 0);
        add(0x80000001, {0, 0, features.ecx & kExtended1Ecx, features.edx & kExtended1Edx});
        // The guest's clock is the counter; that it is invariant follows from FSGSBASE (instance/clock.h).
        add(0x80000007, {0, 0, 0, kInvariantTsc});
        // Physical address bits as the host has them; linear ones as four levels of page tables give.
        add(0x80000008, {(ask_(0x80000008, 0).eax & 0xff) | 48 << 8, 0, 0, 0});
    }

    AskProcessor* ask_;
    std::uint64_t state_;
    CpuidTable table_;
};

}  // namespace

CpuidTable make_cpuid_table(AskProcessor* ask, std::uint64_t state) {
    return TableWriter(ask, state).write();
}

CpuidWords ask_processor(std::uint32_t leaf, std::uint32_t subleaf) {
    CpuidWords words;
    __cpuid_count(leaf, subleaf, words.eax, words.ebx, words.ecx, words.edx);
    return words;
}

std::uint64_t host_vector_state() {
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    const std::uint64_t all_of_avx512 = (low & kAvx512State) == kAvx512State ? kAvx512State : 0;
    return (low & (kX87State | kSseState | kAvxState)) | all_of_avx512;
}

}  // namespace holm::tender
