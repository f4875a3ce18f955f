#include "tender/process/address_space.h"

#include <cstring>

#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tender/process/failure.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

namespace holm::tender {
namespace {

constexpr long kMseal = 462;  // Linux 6.10; the C library does not know it

constexpr int kPlaced = MAP_PRIVATE | MAP_FIXED_NOREPLACE;

void* pointer(std::uint64_t address) {
    return reinterpret_cast<void*>(address);
}

bool map(std::uint64_t address, std::uint64_t size, int protection, int flags, int file, std::uint64_t offset,
         std::string_view what) {
    void* const got =
        mmap(pointer(address), size, protection, kPlaced | flags, file, static_cast<off_t>(offset));
    if (got == pointer(address)) return true;
    if (got == MAP_FAILED && errno != EEXIST) {
        Sentence why;
        why.text("cannot map ").decimal(size).text(" bytes for ").text(what).text(": ").text(strerror(errno));
        refuse(why);
    }
    return false;
}

int protection_of(const Segment& segment) {
    return (segment.flags & elf::kRead ? PROT_READ : 0) | (segment.flags & elf::kWrite ? PROT_WRITE : 0) |
           (segment.flags & elf::kExecute ? PROT_EXEC : 0);
}

bool map_segment(int image, const Segment& segment, std::uint64_t address) {
    const int protection = protection_of(segment);
    if (segment.file_size != 0 &&
        !map(address, segment.file_size, protection, 0, image, segment.file_offset, "a segment of the image"))
        return false;
    const std::uint64_t from_file = page_up(segment.file_size);
    if (segment.memory_size <= segment.file_size) return true;
    // The last page of the file's part holds whatever follows in the file.
    std::memset(pointer(address + segment.file_size), 0,
                (from_file < segment.memory_size ? from_file : segment.memory_size) - segment.file_size);
    return from_file >= segment.memory_size ||
           map(address + from_file, segment.memory_size - from_file, protection, MAP_ANONYMOUS, -1, 0,
               "zeroed data of the image");
}

void seal(std::uint64_t start, std::uint64_t size) {
    if (syscall(kMseal, start, size, 0) != 0 && errno != ENOSYS) refuse_with_errno("cannot seal a mapping");
}

// Neighbours in one call: each costs about a microsecond.
void seal_image(const LoadPlan& plan, const Layout& layout) {
    AddressRange run;
    for (const Segment& segment : plan.segments()) {
        const std::uint64_t start = layout.base + (segment.address - plan.link_base);
        if (run.size != 0 && start != run.start + run.size) {
            seal(run.start, run.size);
            run.size = 0;
        }
        if (run.size == 0) run.start = start;
        run.size = start + page_up(segment.memory_size) - run.start;
    }
    seal(run.start, run.size);
}

}  // namespace

bool map_instance(int image, const LoadPlan& plan, const Layout& layout) {
    for (const Segment& segment : plan.segments())
        if (!map_segment(image, segment, layout.base + (segment.address - plan.link_base))) return false;
    constexpr int kData = PROT_READ | PROT_WRITE;
    return map(layout.alternate.start, layout.alternate.size, kData, MAP_ANONYMOUS, -1, 0,
               "the alternate stack") &&
           map(layout.stack.start, layout.stack.size, kData, MAP_ANONYMOUS, -1, 0, "the stack") &&
           map(layout.heap.start, layout.heap.size, kData, MAP_ANONYMOUS | MAP_NORESERVE, -1, 0,
               "the heap (--mem)");
}

void protect_instance(const LoadPlan& plan, const Layout& layout) {
    if (plan.relro.size != 0 &&
        mprotect(pointer(layout.base + (plan.relro.start - plan.link_base)), plan.relro.size, PROT_READ) != 0)
        refuse_with_errno("cannot make the image's RELRO segment read-only");
    seal_image(plan, layout);
    seal(layout.alternate.start, layout.alternate.size);
    seal(layout.stack.start, layout.stack.size);
    seal(layout.gate, elf::kPageSize);
}

void announce_layout(const LoadPlan& plan, const Layout& layout, const holm_boot_info& info) {
    prctl_mm_map map{};
    map.start_code = map.start_data = layout.base;
    map.end_code = map.end_data = layout.base + plan.span;
    map.start_brk = map.brk = layout.heap.start;
    map.start_stack = layout.stack_top;
    map.arg_start = info.arguments.start;
    map.arg_end = info.arguments.start + info.arguments.size;
    map.env_start = info.environment.start;
    map.env_end = info.environment.start + info.environment.size;
    map.exe_fd = ~0u;  // stays the tender
    prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof map, 0);
}

void move_gate(std::uint64_t gate) {
    void* const page = const_cast<unsigned char*>(holm_gate_page);
    if (mremap(page, elf::kPageSize, elf::kPageSize, MREMAP_MAYMOVE | MREMAP_FIXED, pointer(gate)) !=
        pointer(gate))
        refuse_with_errno("cannot move the gate page");
}

}  // namespace holm::tender
