#include "tender/vm/machine_memory.h"

#include <sys/mman.h>

#include "tender/instance/failure.h"
#include "tender/vm/probe.h"
#include "tender/vm/ring0.h"

namespace holm::tender {
namespace {

constexpr std::uint64_t kPage = elf::kPageSize;
constexpr int kPopulateWrite = 23;  // MADV_POPULATE_WRITE, which not every C library knows

PageBytes page_at(const MachineMemory& memory, const AddressMap& map, std::uint64_t guest_address) {
    return PageBytes(reinterpret_cast<std::uint8_t*>(memory.at(map, guest_address)), kPage);
}

constexpr std::uint64_t kUserText = kPageUser;
constexpr std::uint64_t kUserConstants = kPageUser | kPageNoExecute;
constexpr std::uint64_t kUserData = kPageUser | kPageWrite | kPageNoExecute;
constexpr std::uint64_t kKernelText = 0;
constexpr std::uint64_t kKernelConstants = kPageNoExecute;
constexpr std::uint64_t kKernelData = kPageWrite | kPageNoExecute;

class View {
  public:
    View(PageTables& tables, const AddressMap& map) : tables_(tables), map_(map) {}

    void add(std::uint64_t address, std::uint64_t size, std::uint64_t bits) {
        tables_.map(address, map_.physical(address), page_up(size), bits);
    }
    void add(const AddressRange& range, std::uint64_t bits) { add(range.start, range.size, bits); }

    // The n-th page without memory.
    void add_unbacked(std::uint64_t address, std::uint64_t n, std::uint64_t bits) {
        tables_.map(address, map_.unbacked() + n * kPage, kPage, bits);
    }

    void add_segment(const Segment& segment, const LoadPlan& plan) {
        const std::uint64_t bias = map_.layout.base - plan.link_base;
        const std::uint64_t end = segment.address + page_up(segment.memory_size);
        if (!(segment.flags & elf::kWrite))
            return add(segment.address + bias, end - segment.address,
                       segment.flags & elf::kExecute ? kUserText : kUserConstants);
        // RELRO is whole pages of one writable segment.
        const bool has_relro =
            plan.relro.size != 0 && plan.relro.start >= segment.address && plan.relro.start < end;
        const std::uint64_t relro = has_relro ? plan.relro.start : end;
        const std::uint64_t relro_end = has_relro ? plan.relro.start + plan.relro.size : end;
        add(segment.address + bias, relro - segment.address, kUserData);
        add(relro + bias, relro_end - relro, kUserConstants);
        add(relro_end + bias, end - relro_end, kUserData);
    }

  private:
    PageTables& tables_;
    const AddressMap& map_;
};

}  // namespace

MachineMemory reserve_memory(const AddressMap& map) {
    void* const reserved = mmap(nullptr, map.memory_size + kLargePage, PROT_NONE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (reserved == MAP_FAILED)
        refuse_with_errno("cannot reserve addresses for the machine's memory (--mem)");
    const std::uint64_t aligned =
        (reinterpret_cast<std::uint64_t>(reserved) + kLargePage - 1) & ~(kLargePage - 1);
    auto* const start = reinterpret_cast<std::byte*>(aligned);
    const auto open = [](void* from, std::uint64_t size) {
        if (mprotect(from, size, PROT_READ | PROT_WRITE) != 0) refuse_with_errno("cannot map page tables");
    };
    open(start, map.page_table_pages * kPage);
    open(start + map.physical(map.system_tables), map.probe + kPage - map.system_tables);
    return {
        .start = start,
        .mode = {
            .offset = aligned - map.bus_offset, .flags = MAP_FIXED, .protections = PROT_READ | PROT_WRITE}};
}

void use_huge_pages(const MachineMemory& memory, const AddressMap& map) {
    const AddressRange& heap = map.layout.heap;
    if (madvise(memory.at(map, heap.start), heap.size, MADV_HUGEPAGE) != 0)
        refuse_with_errno("--huge-pages: this host has no transparent huge pages");
}

void prefault_heap(const MachineMemory& memory, const AddressMap& map) {
    const AddressRange& heap = map.layout.heap;
    if (madvise(memory.at(map, heap.start), heap.size, kPopulateWrite) != 0)
        refuse_with_errno("--prefault: cannot have all of --mem in memory (Linux 5.14 is needed)");
}

PageTables write_guest_view(const MachineMemory& memory, const AddressMap& map, const LoadPlan& plan) {
    write_system_tables(page_at(memory, map, map.system_tables), map);
    write_stub(page_at(memory, map, map.stub), map);
    write_probe(page_at(memory, map, map.probe));

    PageTables tables({reinterpret_cast<std::uint64_t*>(memory.start), map.page_table_pages * kPage / 8});
    View view(tables, map);
    view.add_unbacked(map.faults, 0, kKernelData);
    view.add_unbacked(map.hypercalls, 1, kUserData);
    view.add_unbacked(map.doorbells, 2, kUserData);
    view.add(map.system_tables, kPage, kKernelConstants);
    view.add(map.stub, kPage, kKernelText);
    view.add(map.stacks, kPage, kKernelData);
    view.add(map.probe, kPage, kUserText);
    for (const Segment& segment : plan.segments()) view.add_segment(segment, plan);
    view.add(map.layout.alternate, kUserData);
    view.add(map.layout.stack, kUserData);
    view.add(map.layout.rings, kUserData);
    view.add(map.layout.heap, kUserData);
    return tables;
}

}  // namespace holm::tender
