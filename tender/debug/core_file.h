#pragma once

// Writes an ELF core file (System V ABI, core(5)) that gdb opens: registers, memory, and where the image
// lies. Pages that hold nothing but zeros are holes in the file, so it takes about as much of the disk as the
// instance takes of memory.

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "tender/text/sentence.h"

namespace holm::tender {

// As the kernel's struct user_regs_struct has them.
struct CoreRegisters {
    std::uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi, orig_rax;
    std::uint64_t rip, cs, rflags, rsp, ss, fs_base, gs_base, ds, es, fs, gs;
};
static_assert(sizeof(CoreRegisters) == 27 * 8);

// Of x87, SSE and AVX, as XSAVE writes it in its standard form (Intel SDM vol. 1, 13.4). AVX-512 is left out.
struct ExtendedState {
    static constexpr std::size_t kLegacySize = 512;     // what FXSAVE writes
    static constexpr std::size_t kFeatures = 464;       // 8 bytes, Linux's: XCR0, by which gdb knows the rest
    static constexpr std::size_t kPresent = 512;        // XSTATE_BV: parts that are not in their first state
    static constexpr std::size_t kUpperVectors = 576;   // 16 bytes each: the upper halves of ymm0 to ymm15
    static constexpr std::uint64_t kLegacyParts = 0x3;  // of XCR0 and XSTATE_BV: x87, SSE
    static constexpr std::uint64_t kAvxPart = 0x4;

    alignas(16) std::array<std::byte, kUpperVectors + std::size_t{16} * 16> bytes{};

    std::uint64_t features() const { return word(kFeatures); }
    // Says that the legacy parts are there and, where the machine has it, AVX.
    void set_features(bool avx);
    bool has_avx() const { return (features() & kAvxPart) != 0; }
    bool operator==(const ExtendedState&) const = default;

  private:
    std::uint64_t word(std::size_t offset) const;
};

struct CoreThread {
    std::uint32_t id = 1;
    int signal = 0;  // what it was ended by; 0: nothing
    CoreRegisters registers{};
    ExtendedState extended;
};

struct CoreRegion {
    std::uint64_t address = 0;  // of its first page
    std::uint64_t size = 0;     // whole pages
    std::uint32_t flags = 0;    // PF_R, PF_W, PF_X
};

class CoreSource {
  public:
    // Fills `page` with the 4 KiB at `address`. False: they hold nothing, or cannot be read.
    virtual bool read(std::uint64_t address, MutableBytes page) = 0;

  protected:
    ~CoreSource() = default;
};

struct CoreContents {
    std::string_view name;                // of the image
    std::uint64_t entry = 0;              // guest address of its entry; gdb finds the load base by it
    std::span<const CoreThread> threads;  // the one of interest first
    std::span<const CoreRegion> regions;  // ascending
};

constexpr std::size_t kMostCoreRegions = 256;
constexpr std::size_t kMostCoreThreads = 64;
// Of memory that is written; what lies behind it is left out, and the sentence says so.
constexpr std::uint64_t kLargestCore = std::uint64_t{8} << 30;

struct CoreSize {
    std::uint64_t written = 0;  // bytes of memory that take room on the disk
    bool complete = true;
};

// Opens the file for it and makes it empty. What is there already must be a core file, or nothing: a path
// that was mistyped costs nobody a file.
std::expected<int, Sentence> open_core_file(const char* path);

// Writes to the start of `file`. A full disk and the like: one sentence; what has been written is cut off
// again.
std::expected<CoreSize, Sentence> write_core(int file, const CoreContents& contents, CoreSource& source);

}  // namespace holm::tender
