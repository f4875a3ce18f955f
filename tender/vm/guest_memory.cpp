#include "tender/vm/guest_memory.h"

namespace holm::tender {
namespace {

bool holds(const AddressRange& range, std::uint64_t start, std::uint64_t size) {
    return start >= range.start && start - range.start <= range.size &&
           size <= range.size - (start - range.start);
}

}  // namespace

GuestMemory::GuestMemory(std::byte* memory, const AddressMap& map, const LoadPlan& plan)
    : memory_(memory),
      size_(map.memory_size),
      bus_offset_(map.bus_offset),
      heap_(map.layout.heap),
      stack_(map.layout.stack) {
    // The busiest first.
    add(heap_.start, heap_.size, true);
    add(stack_.start, stack_.size, true);
    add(map.layout.rings.start, map.layout.rings.size, true);
    add(map.layout.alternate.start, map.layout.alternate.size, true);
    for (const Segment& segment : plan.segments()) {
        const std::uint64_t bias = map.layout.base - plan.link_base;
        const std::uint64_t end = segment.address + page_up(segment.memory_size);
        const bool write = (segment.flags & elf::kWrite) != 0;
        const std::uint64_t relro_end = plan.relro.start + plan.relro.size;
        if (!write || plan.relro.size == 0 || plan.relro.start < segment.address || relro_end > end) {
            add(segment.address + bias, end - segment.address, write);
            continue;
        }
        add(segment.address + bias, plan.relro.start - segment.address, true);
        add(plan.relro.start + bias, plan.relro.size, false);
        add(relro_end + bias, end - relro_end, true);
    }
}

void GuestMemory::add(std::uint64_t start, std::uint64_t size, bool writable) {
    if (size != 0) regions_[count_++] = {{start, size}, writable};
}

const GuestMemory::Region* GuestMemory::find(std::uint64_t start, std::uint64_t size) const {
    for (std::size_t i = 0; i < count_; i++)
        if (holds(regions_[i].range, start, size)) return &regions_[i];
    return nullptr;
}

std::optional<Bytes> GuestMemory::readable(GuestAddress start, std::uint64_t size) const {
    if (size == 0) return Bytes{};
    const auto address = static_cast<std::uint64_t>(start);
    if (find(address, size) == nullptr) return std::nullopt;
    return Bytes{at(address), size};
}

std::optional<MutableBytes> GuestMemory::writable(GuestAddress start, std::uint64_t size) const {
    if (size == 0) return MutableBytes{};
    const auto address = static_cast<std::uint64_t>(start);
    const Region* const region = find(address, size);
    if (region == nullptr || !region->writable) return std::nullopt;
    return MutableBytes{at(address), size};
}

std::optional<Bytes> GuestMemory::readable(BusAddress start, std::uint64_t size) const {
    return readable(GuestAddress{static_cast<std::uint64_t>(start) + bus_offset_}, size);
}

std::optional<MutableBytes> GuestMemory::writable(BusAddress start, std::uint64_t size) const {
    return writable(GuestAddress{static_cast<std::uint64_t>(start) + bus_offset_}, size);
}

bool GuestMemory::may_guard(GuestAddress page) const {
    const auto address = static_cast<std::uint64_t>(page);
    return address % elf::kPageSize == 0 &&
           (holds(heap_, address, elf::kPageSize) || holds(stack_, address, elf::kPageSize));
}

}  // namespace holm::tender
