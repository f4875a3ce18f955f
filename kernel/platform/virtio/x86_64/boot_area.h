#pragma once

// Memory of the boot, part of the image because that is all that is known to be there (pvh_entry.S). It is
// not used once the seal is on.

#include <cstddef>
#include <cstdint>

#include "kernel/platform/virtio/physical_memory.h"
#include "kernel/platform/virtio/x86_64/ring0_layout.h"

namespace holm::platform {

struct PageTable {
    std::uint64_t entries[512];
};

struct BootArea {
    PageTable tables[HOLM_BOOT_TABLES];  // levels 4, 3 and 2, which the entry fills; more as they are needed
    std::byte ring0[HOLM_RING0_SIZE];
    std::byte stack[HOLM_BOOT_STACK_SIZE];
};
static_assert(offsetof(BootArea, ring0) == HOLM_BOOT_RING0 && sizeof(BootArea) == HOLM_BOOT_STACK_TOP);

// All of memory, one to one, with nothing kept from anybody: what the boot works on.
class BootMemory final : public PhysicalMemory {
  public:
    explicit BootMemory(BootArea& area) : area_(area) {}

    // Maps what is not mapped yet; empty when the area has no more tables for it.
    Bytes view(std::uint64_t address, std::uint64_t size) override;
    // The same, to write; null instead of empty.
    std::byte* reach(std::uint64_t address, std::uint64_t size);

    // Lets the tables below one entry of another top table appear here as well.
    void adopt(std::uint64_t virtual_address, std::uint64_t top_entry);

  private:
    bool map(std::uint64_t address);
    PageTable* below(std::uint64_t& entry);

    BootArea& area_;
    std::size_t used_ = 3;
};

}  // namespace holm::platform
