#pragma once

// The general allocator of a core: small objects from slabs of one size class each, larger ones as runs of
// pages.
//
// What the heap knows about an allocation lies in the page records, out of reach of a service that writes
// past the end of an object. Only free objects hold something in themselves: the link to the next free object
// and a keyed mark. The mark makes a double free certain to be seen, and a write after free likely to be: it
// is checked again before the object is handed out. Nothing here is shared between cores and nothing blocks.

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernel/memory/pages.h"
#include "kernel/memory/size_class.h"

namespace holm::memory {

struct HeapStatistics {
    std::size_t bytes;        // usable bytes of live allocations
    std::size_t live;         // allocations alive now
    std::uint64_t allocated;  // allocations ever made
    std::uint64_t failed;     // requests refused for lack of memory
};

class Heap {
  public:
    // Called with one sentence when the service misuses the heap. In an image it panics; if it returns, the
    // request that revealed the misuse is dropped.
    using MisuseHandler = void (*)(const char* sentence, const void* address);

    // The secret keys the marks of free objects; it is random in an image.
    Heap(PageAllocator& pages, std::uint64_t secret, MisuseHandler on_misuse);
    Heap(const Heap&) = delete;
    Heap& operator=(const Heap&) = delete;

    // All return null when memory is short. The alignment is a power of two; at least 16 is always kept. A
    // size of zero gives a distinct address.
    void* allocate(std::size_t size, std::size_t alignment = kObjectAlignment);
    void* allocate_zeroed(std::size_t size);
    void* resize(void* address, std::size_t size);
    void release(void* address);
    // Bytes that may be used at an address that was returned by the functions above; 0 for anything else.
    std::size_t usable_size(const void* address);

    HeapStatistics statistics() const { return {bytes_, live_, allocated_, failed_}; }
    PageAllocator& pages() { return pages_; }

  private:
    static constexpr std::uint16_t kNoObject = 0xffff;

    // What a free object holds.
    struct FreeObject {
        std::uint64_t next;  // number of the next free object of the slab, keyed
        std::uint64_t mark;
    };

    // Where an address lies: the object's number within its slab, or 0 with a run of its own.
    struct Location {
        PageIndex run = kNoPage;
        std::uint32_t object = 0;
    };
    Location locate(const void* address);

    void* allocate_small(std::uint8_t size_class);
    void* allocate_pages(std::size_t size, std::size_t alignment, bool zeroed);
    bool add_slab(std::uint8_t size_class);
    void release_small(Location location, void* address);
    void link_slab(PageIndex slab);
    void unlink_slab(PageIndex slab);
    bool resize_run(PageIndex run, std::size_t size);

    std::uint64_t mark_of(const void* address) const {
        return secret_ ^ (reinterpret_cast<std::uintptr_t>(address) * 0x9e3779b97f4a7c15u);
    }

    PageAllocator& pages_;
    const std::uint64_t secret_;
    const MisuseHandler on_misuse_;
    std::array<PageIndex, kSizeClasses> slabs_;  // of each class, the slabs with a free object
    std::size_t bytes_ = 0;
    std::size_t live_ = 0;
    std::uint64_t allocated_ = 0;
    std::uint64_t failed_ = 0;
};

}  // namespace holm::memory
