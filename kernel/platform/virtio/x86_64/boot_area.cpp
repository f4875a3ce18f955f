#include "kernel/platform/virtio/x86_64/boot_area.h"

namespace holm::platform {
namespace {

constexpr std::uint64_t kLargePage = std::uint64_t{2} << 20;
constexpr std::uint64_t kHighest = std::uint64_t{1} << 47;
constexpr std::uint64_t kLargestView = std::uint64_t{1} << 30;

constexpr std::uint64_t kTable = 0x07;  // present, writable, for ring 3
constexpr std::uint64_t kLarge = 0xe7;  // the same, a large page, accessed and written
constexpr std::uint64_t kAddress = ~std::uint64_t{0xfff};

}  // namespace

PageTable* BootMemory::below(std::uint64_t& entry) {
    if (entry == 0) {
        if (used_ == std::size(area_.tables)) return nullptr;
        entry = reinterpret_cast<std::uint64_t>(&area_.tables[used_++]) | kTable;
    }
    return reinterpret_cast<PageTable*>(entry & kAddress);
}

bool BootMemory::map(std::uint64_t address) {
    PageTable* third = below(area_.tables[0].entries[address >> 39]);
    PageTable* second = third ? below(third->entries[address >> 30 & 511]) : nullptr;
    if (!second) return false;
    std::uint64_t& entry = second->entries[address >> 21 & 511];
    if (entry == 0) entry = address | kLarge;
    return true;
}

std::byte* BootMemory::reach(std::uint64_t address, std::uint64_t size) {
    if (size > kLargestView || address > kHighest - size) return nullptr;
    for (std::uint64_t page = address & -kLargePage; page < address + size; page += kLargePage) {
        if (!map(page)) return nullptr;
    }
    return reinterpret_cast<std::byte*>(address);
}

Bytes BootMemory::view(std::uint64_t address, std::uint64_t size) {
    const std::byte* bytes = reach(address, size);
    return bytes ? Bytes(bytes, size) : Bytes();
}

void BootMemory::adopt(std::uint64_t virtual_address, std::uint64_t top_entry) {
    area_.tables[0].entries[virtual_address >> 39] = top_entry;
}

}  // namespace holm::platform
