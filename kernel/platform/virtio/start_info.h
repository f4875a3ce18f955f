#pragma once

// What a VMM tells an image that it enters by PVH: Xen's struct hvm_start_info
// (xen/include/public/arch-x86/hvm/start_info.h), hostile.

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"
#include "kernel/platform/virtio/physical_memory.h"

namespace holm::platform {

// Bytes [start, end).
struct MemoryRange {
    std::uint64_t start = 0;
    std::uint64_t end = 0;

    std::uint64_t size() const { return end - start; }
    friend bool operator==(const MemoryRange&, const MemoryRange&) = default;
};

class StartInfo {
  public:
    static constexpr std::size_t kMaxRanges = 128;
    static constexpr std::size_t kMaxCommandLine = 16384;

    static Result<StartInfo> read(PhysicalMemory& memory, std::uint64_t address);

    // Usable memory, whole pages, ascending; nothing that the map calls something else as well.
    std::span<const MemoryRange> memory() const { return {ranges_.data(), count_}; }
    // Lies where the VMM put it, which may be memory that is called usable.
    std::string_view command_line() const { return command_line_; }
    // Physical address of ACPI's root pointer; 0: not told.
    std::uint64_t acpi_root() const { return acpi_root_; }

  private:
    Result<> read_command_line(PhysicalMemory& memory, std::uint64_t address);
    Result<> read_memory_map(PhysicalMemory& memory, std::uint64_t address, std::uint32_t count);
    Result<> add(MemoryRange range);
    Result<> take_away(MemoryRange range);

    std::array<MemoryRange, kMaxRanges> ranges_;
    std::size_t count_ = 0;
    std::string_view command_line_;
    std::uint64_t acpi_root_ = 0;
};

}  // namespace holm::platform
