// mmap and its relatives. Memory is always readable and writable: the image's platform makes no page
// executable and takes no protection back, except that a page can be made a guard page for good.
//
// musl asks for a thread's stack by mapping it without access and then opening all but the guard at its low
// end. Such a mapping becomes a guarded stack: it keeps its guard pages, and when it is unmapped it waits for
// the next thread of the same size, because pages that are guarded once cannot serve anything else.

#include <algorithm>
#include <cstring>

#include <sys/mman.h>

#include "kernel/memory/pages.h"
#include "kernel/platform/platform.h"
#include "kernel/posix/descriptor_table.h"
#include "kernel/posix/state.h"
#include "kernel/posix/system_call.h"

namespace holm::posix {
namespace {

using memory::kNoPage;
using memory::kPageSize;
using memory::PageIndex;
using memory::PageKind;
using memory::PageRecord;
using memory::PageRun;
using memory::RunOwner;

// A larger gap below the opened part is not a guard but a reservation.
constexpr std::size_t kMaxGuardPages = 16;

memory::PageAllocator& pages() {
    return *this_core().pages;
}

RunOwner owner_of(const PageRecord& record) {
    return static_cast<RunOwner>(record.tag);
}
void set_owner(PageIndex run, RunOwner owner) {
    pages().record(run).tag = static_cast<std::uint8_t>(owner);
}

// Reading an untouched page costs no memory, writing it does: so only pages that are not zero are written.
void zero_dirty_pages(std::byte* start, std::size_t count) {
    for (std::byte* page = start; page != start + count * kPageSize; page += kPageSize) {
        const auto* words = reinterpret_cast<const std::uint64_t*>(page);
        if (!std::all_of(words, words + kPageSize / 8, [](std::uint64_t word) { return word == 0; })) {
            std::memset(page, 0, kPageSize);
        }
    }
}

// A guarded stack's record: `used` is its guard in pages, `next` the next spare one, or in use the pages that
// were asked for. The shortest one that is long enough is taken, so that there are never more than ran at the
// same time.
PageIndex take_spare_stack(std::size_t length) {
    PageIndex* best = nullptr;
    for (PageIndex* link = &state().spare_stacks; *link != kNoPage; link = &pages().record(*link).next) {
        const std::uint32_t candidate = pages().record(*link).length;
        if (candidate >= length && (best == nullptr || candidate < pages().record(*best).length)) best = link;
    }
    if (best == nullptr) return kNoPage;
    const PageIndex stack = *best;
    *best = pages().record(stack).next;
    pages().record(stack).next = static_cast<PageIndex>(length);
    set_owner(stack, RunOwner::kGuardedStack);
    return stack;
}

// What waits for threads serves others when memory is short: all but the guards, which stay guards.
bool give_up_spare_stacks() {
    bool any = false;
    while (state().spare_stacks != kNoPage) {
        const PageIndex stack = state().spare_stacks;
        const PageRecord& record = pages().record(stack);
        const std::uint32_t length = record.length, guard = record.used;
        state().spare_stacks = record.next;
        pages().split(stack, guard);
        set_owner(stack, RunOwner::kSpareStack);  // of no use to anybody any more
        pages().release(stack + guard, length - guard);
        any = true;
    }
    return any;
}

PageRun allocate_pages(std::size_t length) {
    PageRun run = pages().allocate(length);
    if (!run && give_up_spare_stacks()) run = pages().allocate(length);
    return run;
}

// The mapping that all of [address, address + length) lies in, or kNoPage.
PageIndex find_mapping(std::uintptr_t address, std::size_t length) {
    const PageIndex page = pages().page_of(reinterpret_cast<void*>(address));
    if (page == kNoPage || length == 0) return kNoPage;
    PageIndex run = page;
    while (run > 0 && pages().record(run).kind == PageKind::kInner) --run;
    const PageRecord& record = pages().record(run);
    if (record.kind != PageKind::kRun) return kNoPage;
    if (owner_of(record) == RunOwner::kHeap || owner_of(record) == RunOwner::kSpareStack) return kNoPage;
    return page - run < record.length && length <= record.length - (page - run) ? run : kNoPage;
}

Outcome map_anonymous(std::size_t length, int protection) {
    if (protection == PROT_NONE) {
        const PageIndex stack = take_spare_stack(length);
        if (stack != kNoPage) return reinterpret_cast<Outcome>(pages().address_of(stack));
    }
    const PageRun run = allocate_pages(length);
    if (!run) return -ENOMEM;
    set_owner(run.first, RunOwner::kMapping);
    std::byte* start = pages().address_of(run.first);
    std::memset(start, 0, std::size_t{run.fresh_from} * kPageSize);
    return reinterpret_cast<Outcome>(start);
}

// Contents that lie on whole pages are mapped where they are; others are copied, which a read could do as
// well.
Outcome map_file(std::size_t length, int protection, int flags, int descriptor, std::size_t offset) {
    if ((protection & PROT_WRITE) != 0 && (flags & MAP_SHARED) != 0) return -EACCES;
    // Not descriptors(): who has opened nothing has no table, and mmap is in every image.
    const DescriptorTable* table = state().descriptors;
    const FileReference file(table != nullptr ? table->find(descriptor) : nullptr);
    if (!file) return -EBADF;
    const std::optional<Bytes> contents = file->contents();
    if (!contents) return -ENODEV;
    if (offset % kPageSize != 0 || offset >= contents->size()) return -EINVAL;
    const Bytes wanted = contents->subspan(offset, std::min(length * kPageSize, contents->size() - offset));
    const auto address = reinterpret_cast<std::uintptr_t>(wanted.data());
    const bool whole_pages = address % kPageSize == 0 && wanted.size() == length * kPageSize;
    if ((protection & PROT_WRITE) == 0 && whole_pages) return static_cast<Outcome>(address);
    const Outcome copy = map_anonymous(length, PROT_READ);
    if (copy >= 0) std::memcpy(reinterpret_cast<void*>(copy), wanted.data(), wanted.size());
    return copy;
}

}  // namespace

SYSTEM_CALL(mmap, void*, std::size_t size, int protection, int flags, int descriptor, std::size_t offset) {
    if (size == 0 || size > SIZE_MAX / 2) return -EINVAL;
    if ((protection & PROT_EXEC) != 0) return refuse_use("mmap of executable memory", EACCES);
    if ((flags & MAP_FIXED) != 0) return refuse_use("mmap at a fixed address", EINVAL);
    const std::size_t length = memory::pages_for(size);
    if ((flags & MAP_ANONYMOUS) != 0) return map_anonymous(length, protection);
    return map_file(length, protection, flags, descriptor, offset);
}

SYSTEM_CALL(munmap, std::uintptr_t address, std::size_t size) {
    if (address % kPageSize != 0 || size == 0 || size > SIZE_MAX / 2) return -EINVAL;
    const auto length = static_cast<std::uint32_t>(memory::pages_for(size));
    PageIndex run = find_mapping(address, length);
    if (run == kNoPage) {
        // Nothing to give back for what is mapped from the image itself.
        const bool in_heap = pages().page_of(reinterpret_cast<void*>(address)) != kNoPage;
        return in_heap ? -EINVAL : 0;
    }
    const PageIndex first = pages().page_of(reinterpret_cast<void*>(address));
    PageRecord& record = pages().record(run);
    if (owner_of(record) == RunOwner::kGuardedStack) {
        if (first != run || length != record.next)
            return refuse_use("munmap of a part of a thread's stack", EINVAL);
        const std::uint16_t guard = record.used;
        zero_dirty_pages(pages().address_of(run + guard), record.length - guard);
        set_owner(run, RunOwner::kSpareStack);
        record.next = state().spare_stacks;
        state().spare_stacks = run;
        return 0;
    }
    if (first + length < run + record.length) pages().split(run, first + length - run);
    if (first > run) {
        pages().split(run, first - run);
        run = first;
    }
    pages().release(run, length);
    return 0;
}

SYSTEM_CALL(mremap, std::uintptr_t address, std::size_t old_size, std::size_t new_size, int flags) {
    if (address % kPageSize != 0 || old_size == 0 || new_size == 0 || new_size > SIZE_MAX / 2) return -EINVAL;
    if ((flags & ~MREMAP_MAYMOVE) != 0) return refuse_use("mremap to a fixed address", EINVAL);
    const std::size_t old_length = memory::pages_for(old_size);
    const std::size_t new_length = memory::pages_for(new_size);
    const PageIndex run = find_mapping(address, old_length);
    if (run == kNoPage) return -EFAULT;
    const PageRecord& record = pages().record(run);
    const bool whole =
        pages().page_of(reinterpret_cast<void*>(address)) == run && record.length == old_length;
    if (!whole || owner_of(record) != RunOwner::kMapping)
        return refuse_use("mremap of a part of a mapping", EINVAL);
    if (new_length <= old_length) {
        pages().shrink(run, static_cast<std::uint32_t>(new_length));
        return static_cast<Outcome>(address);
    }
    if ((flags & MREMAP_MAYMOVE) == 0) return -ENOMEM;
    const Outcome moved = map_anonymous(new_length, PROT_READ);
    if (moved < 0) return moved;
    std::memcpy(reinterpret_cast<void*>(moved), reinterpret_cast<void*>(address), old_length * kPageSize);
    pages().release(run, static_cast<std::uint32_t>(old_length));
    return moved;
}

SYSTEM_CALL(mprotect, std::uintptr_t address, std::size_t size, int protection) {
    if (address % kPageSize != 0) return -EINVAL;
    if ((protection & PROT_EXEC) != 0) return refuse_use("mprotect to executable", EACCES);
    const std::size_t length = memory::pages_for(size);
    const PageIndex run = find_mapping(address, length);
    if (run == kNoPage || protection != (PROT_READ | PROT_WRITE)) {
        return refuse_use("mprotect other than opening a mapping", EACCES);
    }
    const std::size_t below = pages().page_of(reinterpret_cast<void*>(address)) - run;
    PageRecord& record = pages().record(run);
    const bool is_stack = owner_of(record) == RunOwner::kGuardedStack;
    const std::size_t guarded = is_stack ? record.used : 0;
    const std::size_t asked_for = is_stack ? record.next : record.length;
    if (below < guarded) return -ENOMEM;  // a spare stack whose guard is longer than the one wanted now
    const bool opens_stack = below > 0 && below <= kMaxGuardPages && below + length == asked_for;
    if (opens_stack) {
        for (std::size_t page = guarded; page < below; ++page) {
            this_core().platform->guard_page(pages().address_of(run + static_cast<PageIndex>(page)));
        }
        set_owner(run, RunOwner::kGuardedStack);
        record.used = static_cast<std::uint16_t>(below);
        record.next = static_cast<PageIndex>(asked_for);
    }
    return 0;
}

SYSTEM_CALL(madvise, std::uintptr_t address, std::size_t size, int advice) {
    if (address % kPageSize != 0) return -EINVAL;
    if (advice != MADV_DONTNEED) return 0;  // the rest is advice, and not taking it is allowed
    const std::size_t length = memory::pages_for(size);
    if (find_mapping(address, length) == kNoPage) return -ENOMEM;
    zero_dirty_pages(reinterpret_cast<std::byte*>(address), length);
    return 0;
}

}  // namespace holm::posix
