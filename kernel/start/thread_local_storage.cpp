#include "kernel/start/thread_local_storage.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>

#include <elf.h>

#include "abi/boot_info.h"
#include "kernel/core.h"
#include "kernel/memory/pages.h"
#include "kernel/panic/panic.h"
#include "kernel/start/musl.h"

namespace holm {
namespace {

constexpr std::size_t kLeastAlignment = alignof(void*);  // of a thread's descriptor

// Enough for most services.
constexpr std::size_t kRoom = 512;
alignas(64) constinit unsigned char room[kRoom]{};
constinit MuslTlsModule module{};

const Elf64_Phdr* find_segment(const holm_boot_info& boot) {
    const auto* headers = reinterpret_cast<const Elf64_Phdr*>(boot.program_headers);
    for (const Elf64_Phdr& header : std::span(headers, boot.program_header_count)) {
        if (header.p_type == PT_TLS) return &header;
    }
    return nullptr;
}

unsigned char* storage_for(std::size_t size) {
    if (size <= kRoom) return room;
    memory::PageAllocator& pages = *this_core().pages;
    const memory::PageRun run = pages.allocate((size + memory::kPageSize - 1) / memory::kPageSize);
    if (!run) panic("out of memory: no room for thread-local storage");
    std::byte* const start = pages.address_of(run.first);
    std::memset(start, 0, size);
    return reinterpret_cast<unsigned char*>(start);
}

}  // namespace

// As musl's static_init_tls does it: the storage ends where the descriptor, to which FS points, begins.
// Compiled without a canary, which would not be the same at its end.
[[gnu::no_stack_protector]] void start_thread_local_storage() {
    const holm_boot_info& boot = *this_core().boot;
    std::size_t alignment = 1;
    if (const Elf64_Phdr* const segment = find_segment(boot)) {
        const std::uint64_t image = segment->p_vaddr - boot.image_link_base + boot.image_base;
        alignment = segment->p_align;
        module.image = reinterpret_cast<const void*>(image);
        module.length = segment->p_filesz;
        module.size = segment->p_memsz + (-(segment->p_memsz + image) & (alignment - 1));
        __libc.tls_count = 1;
        __libc.tls_head = &module;
    }
    module.offset = module.size;
    module.alignment = std::max(alignment, kLeastAlignment);
    __libc.tls_align = module.alignment;
    __libc.tls_size = (2 * sizeof(void*) + kMuslThreadDescriptorSize + module.size + module.alignment +
                       kLeastAlignment - 1) &
                      -kLeastAlignment;
    if (__init_tp(__copy_tls(storage_for(__libc.tls_size))) < 0) __builtin_trap();
}

}  // namespace holm
