#pragma once

// The page allocator: runs of 4 KiB pages out of the one region that the boot information grants.
//
// Start-up must not walk the region, because the first touch of each page costs a fault (1.4 us) and memory.
// So nothing is initialised: zeroed memory is a valid state of the records, pages above the frontier have
// never been handed out, and reuse of freed runs always comes before moving the frontier.
//
// Records (16 bytes a page) lie at the start of the region itself, 0.4 % of it, and are touched with their
// pages. Free runs are boundary-tagged (first and last record), so that coalescing is O(1), and hang in bins
// by size with a bitmap of the bins in use, so that allocation is O(1) but for a bounded look into the bin
// that may or may not fit.

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace holm::memory {

inline constexpr std::size_t kPageSize = 4096;

using PageIndex = std::uint32_t;
inline constexpr PageIndex kNoPage = 0xffffffff;

constexpr std::size_t pages_for(std::size_t bytes) {
    return bytes / kPageSize + (bytes % kPageSize != 0);
}

// What a page is. Only the first record of a run says so; records inside a run never say kRun or kSlab, which
// is what makes a wild pointer recognisable.
enum class PageKind : std::uint8_t {
    kInner = 0,  // never used, or inside a run
    kFreeHead,   // first page of a free run
    kFreeEnd,    // last page of a free run of more than one page
    kRun,        // first page of an allocated run
    kSlab,       // first page of a run that the heap cuts into objects
    kSlabInner,  // another page of such a run; `next` is its first page
};

// Whose an allocated run is; a run starts as the heap's.
enum class RunOwner : std::uint8_t {
    kHeap = 0,
    kMapping,       // mmap()
    kGuardedStack,  // mmap() for a thread's stack: the lowest pages are guard pages for good
    kSpareStack,    // the same, waiting for the next thread
};

// One page's record. The fields after `kind` belong to the owner of an allocated run, except that `length` of
// a kRun stays its length in pages.
struct PageRecord {
    PageKind kind;
    std::uint8_t tag;    // kSlab: index of the object size; kRun: a RunOwner
    std::uint16_t used;  // kSlab: objects handed out
    union {
        std::uint32_t length;  // kFreeHead, kFreeEnd, kRun: pages
        struct {
            std::uint16_t free;    // first object of the free list, or kNoObject
            std::uint16_t carved;  // objects that have ever been handed out
        } slab;
    };
    PageIndex next;
    PageIndex previous;
};
static_assert(sizeof(PageRecord) == 16);

// A run as it was handed out. Pages from `fresh_from` on have never been touched and are zero.
struct PageRun {
    PageIndex first = kNoPage;
    std::uint32_t length = 0;
    std::uint32_t fresh_from = 0;

    explicit operator bool() const { return length != 0; }
};

struct PageStatistics {
    std::size_t total;    // pages that can be handed out
    std::size_t used;     // pages handed out now
    std::size_t peak;     // the largest `used` so far
    std::size_t touched;  // pages handed out at least once
};

class PageAllocator {
  public:
    // Takes over a page-aligned, zeroed region. Fails when it is not aligned or too small to hold its own
    // records.
    static Result<PageAllocator> create(MutableBytes region);

    // A run of exactly `length` pages whose first page's address is a multiple of `alignment` pages (a power
    // of two); empty when there is none. The first record says kRun.
    PageRun allocate(std::size_t length, std::size_t alignment = 1);

    // Gives back a whole allocated run, or a tail that `shrink` could have cut off.
    void release(PageIndex first, std::uint32_t length);

    // Changes the length of an allocated run where it lies; grow fails when the pages behind it are taken.
    bool grow(PageIndex first, std::uint32_t new_length);
    void shrink(PageIndex first, std::uint32_t new_length);

    // Cuts an allocated run in two allocated runs; the second begins `at` pages into it.
    void split(PageIndex first, std::uint32_t at);

    PageRecord& record(PageIndex page) { return records_[page]; }
    std::byte* address_of(PageIndex page) const { return pages_ + std::size_t{page} * kPageSize; }
    // The page that holds the address, or kNoPage when it was never handed out by this allocator.
    PageIndex page_of(const void* address) const {
        const auto offset =
            reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(pages_);
        const std::uintptr_t page = offset / kPageSize;
        return page < touched_ ? static_cast<PageIndex>(page) : kNoPage;
    }

    PageStatistics statistics() const { return {count_, used_, peak_, touched_}; }

  private:
    // Bins: one for each length up to 16 pages, then four for each power of two.
    static constexpr unsigned kExactBins = 16;
    static constexpr unsigned kBins = kExactBins + 4 * (32 - 4);
    static unsigned bin_of(std::uint32_t length);

    PageAllocator(std::byte* records, std::byte* pages, PageIndex count);

    PageIndex find_free(std::uint32_t length);
    void insert_free(PageIndex first, std::uint32_t length);
    void remove_free(PageIndex first);
    void mark_run(PageIndex first, std::uint32_t length);
    void count_used(std::int64_t pages);

    PageRecord* records_;
    std::byte* pages_;
    PageIndex count_;
    PageIndex frontier_ = 0;  // pages from here on are free and in no bin
    PageIndex touched_ = 0;   // pages from here on have never been handed out; never below the frontier
    std::size_t used_ = 0;
    std::size_t peak_ = 0;
    std::array<std::uint64_t, kBins / 64> bins_in_use_{};
    std::array<PageIndex, kBins> bins_;
};

}  // namespace holm::memory
