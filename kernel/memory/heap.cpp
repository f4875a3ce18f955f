#include "kernel/memory/heap.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

namespace holm::memory {

Heap::Heap(PageAllocator& pages, std::uint64_t secret, MisuseHandler on_misuse)
    : pages_(pages), secret_(secret), on_misuse_(on_misuse) {
    slabs_.fill(kNoPage);
}

void* Heap::allocate(std::size_t size, std::size_t alignment) {
    assert(std::has_single_bit(alignment));
    void* result = nullptr;
    if (size > kLargestObject || alignment > kLargestObject) {
        result = allocate_pages(size, alignment, false);
    } else if (alignment <= kObjectAlignment) {
        result = allocate_small(class_of(size));
    } else {
        // Slabs are page aligned, so an object is aligned when its class's size is; a power of two always is.
        std::uint8_t size_class = class_of(std::max(size, alignment));
        while (kClasses[size_class].size % alignment != 0) ++size_class;
        result = allocate_small(size_class);
    }
    if (result == nullptr) ++failed_;
    return result;
}

void* Heap::allocate_zeroed(std::size_t size) {
    if (size > kLargestObject) {
        void* result = allocate_pages(size, kObjectAlignment, true);
        if (result == nullptr) ++failed_;
        return result;
    }
    void* result = allocate(size);
    if (result != nullptr) std::memset(result, 0, size);
    return result;
}

void* Heap::resize(void* address, std::size_t size) {
    if (address == nullptr) return allocate(size);
    const Location location = locate(address);
    if (location.run == kNoPage) {
        on_misuse_("realloc() of an address that is no allocation of this core", address);
        return nullptr;
    }
    const bool small = pages_.record(location.run).kind == PageKind::kSlab;
    const std::size_t usable = usable_size(address);
    if (small) {
        // Staying in place is right while the request would get the same class.
        if (size <= kLargestObject && class_of(size) == pages_.record(location.run).tag) return address;
    } else if (size > kLargestObject && resize_run(location.run, size)) {
        return address;
    }
    void* moved = allocate(size);
    if (moved == nullptr) return size <= usable ? address : nullptr;
    std::memcpy(moved, address, std::min(size, usable));
    release(address);
    return moved;
}

void Heap::release(void* address) {
    if (address == nullptr) return;
    const Location location = locate(address);
    if (location.run == kNoPage) {
        on_misuse_("free() of an address that is no allocation of this core, or freed twice", address);
        return;
    }
    const PageRecord& record = pages_.record(location.run);
    if (record.kind == PageKind::kSlab) {
        release_small(location, address);
        return;
    }
    --live_;
    bytes_ -= record.length * kPageSize;
    pages_.release(location.run, record.length);
}

std::size_t Heap::usable_size(const void* address) {
    const Location location = locate(address);
    if (location.run == kNoPage) return 0;
    const PageRecord& record = pages_.record(location.run);
    return record.kind == PageKind::kSlab ? kClasses[record.tag].size : record.length * kPageSize;
}

Heap::Location Heap::locate(const void* address) {
    PageIndex page = pages_.page_of(address);
    if (page == kNoPage) return {};
    if (pages_.record(page).kind == PageKind::kSlabInner) page = pages_.record(page).next;
    const PageRecord& record = pages_.record(page);
    const auto offset =
        static_cast<std::size_t>(static_cast<const std::byte*>(address) - pages_.address_of(page));
    if (record.kind == PageKind::kRun) {
        const bool ours = record.tag == static_cast<std::uint8_t>(RunOwner::kHeap);
        return ours && offset == 0 ? Location{page, 0} : Location{};
    }
    if (record.kind != PageKind::kSlab) return {};
    const SizeClass& size_class = kClasses[record.tag];
    const std::uint32_t object = object_at(size_class, offset);
    if (object >= record.slab.carved || object * size_class.size != offset) return {};
    return {page, object};
}

void* Heap::allocate_small(std::uint8_t index) {
    if (slabs_[index] == kNoPage && !add_slab(index)) return nullptr;
    const PageIndex slab = slabs_[index];
    PageRecord& record = pages_.record(slab);
    const SizeClass& size_class = kClasses[index];

    std::uint32_t object = record.slab.free;
    std::byte* address = nullptr;
    if (object != kNoObject) {
        address = pages_.address_of(slab) + object * size_class.size;
        auto* free = reinterpret_cast<FreeObject*>(address);
        const std::uint64_t next = free->next ^ secret_;
        if (free->mark != mark_of(free) || (next != kNoObject && next >= record.slab.carved)) {
            on_misuse_("memory was written to after free()", address);
            record.slab.free = kNoObject;  // what hangs on the damaged link is lost
            return nullptr;
        }
        record.slab.free = static_cast<std::uint16_t>(next);
    } else {
        // Objects that were never handed out are not linked: a new slab touches one page, not all.
        object = record.slab.carved++;
        address = pages_.address_of(slab) + object * size_class.size;
    }
    // Also where nothing was freed yet: the pages may have been a slab before, and hold its marks.
    reinterpret_cast<FreeObject*>(address)->mark = 0;
    ++record.used;
    if (record.slab.free == kNoObject && record.slab.carved == size_class.count) unlink_slab(slab);
    ++live_;
    ++allocated_;
    bytes_ += size_class.size;
    return address;
}

void Heap::release_small(Location location, void* address) {
    PageRecord& record = pages_.record(location.run);
    const SizeClass& size_class = kClasses[record.tag];
    auto* free = static_cast<FreeObject*>(address);
    if (free->mark == mark_of(free)) {
        on_misuse_("free() of memory that is free already", address);
        return;
    }
    const bool was_full = record.slab.free == kNoObject && record.slab.carved == size_class.count;
    free->next = record.slab.free ^ secret_;
    free->mark = mark_of(free);
    record.slab.free = static_cast<std::uint16_t>(location.object);
    --record.used;
    --live_;
    bytes_ -= size_class.size;
    if (was_full) link_slab(location.run);
    // An empty slab goes back unless it is the last of its class, so that one object that comes and goes is
    // cheap.
    const bool alone = slabs_[record.tag] == location.run && record.next == kNoPage;
    if (record.used > 0 || alone) return;
    unlink_slab(location.run);
    for (std::uint32_t i = 1; i < size_class.pages; ++i) {
        pages_.record(location.run + i).kind = PageKind::kInner;
    }
    pages_.release(location.run, size_class.pages);
}

bool Heap::add_slab(std::uint8_t index) {
    const SizeClass& size_class = kClasses[index];
    const PageRun run = pages_.allocate(size_class.pages);
    if (!run) return false;
    for (std::uint32_t i = 1; i < size_class.pages; ++i) {
        pages_.record(run.first + i).kind = PageKind::kSlabInner;
        pages_.record(run.first + i).next = run.first;
    }
    PageRecord& record = pages_.record(run.first);
    record.kind = PageKind::kSlab;
    record.tag = index;
    record.used = 0;
    record.slab = {.free = kNoObject, .carved = 0};
    link_slab(run.first);
    return true;
}

void Heap::link_slab(PageIndex slab) {
    PageRecord& record = pages_.record(slab);
    PageIndex& head = slabs_[record.tag];
    record.previous = kNoPage;
    record.next = head;
    if (head != kNoPage) pages_.record(head).previous = slab;
    head = slab;
}

void Heap::unlink_slab(PageIndex slab) {
    const PageRecord& record = pages_.record(slab);
    if (record.previous != kNoPage) {
        pages_.record(record.previous).next = record.next;
    } else {
        slabs_[record.tag] = record.next;
    }
    if (record.next != kNoPage) pages_.record(record.next).previous = record.previous;
}

void* Heap::allocate_pages(std::size_t size, std::size_t alignment, bool zeroed) {
    const PageRun run = pages_.allocate(std::max<std::size_t>(pages_for(size), 1), pages_for(alignment));
    if (!run) return nullptr;
    std::byte* address = pages_.address_of(run.first);
    if (zeroed) std::memset(address, 0, std::min(size, run.fresh_from * kPageSize));
    ++live_;
    ++allocated_;
    bytes_ += run.length * kPageSize;
    return address;
}

bool Heap::resize_run(PageIndex run, std::size_t size) {
    const std::uint32_t old_length = pages_.record(run).length;
    const std::size_t length = pages_for(size);
    if (length < old_length) {
        pages_.shrink(run, static_cast<std::uint32_t>(length));
    } else if (length > old_length) {
        if (length >= kNoPage || !pages_.grow(run, static_cast<std::uint32_t>(length))) return false;
    }
    bytes_ += (length - old_length) * kPageSize;
    return true;
}

}  // namespace holm::memory
