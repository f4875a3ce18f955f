#include "kernel/memory/pages.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace holm::memory {
namespace {

// How many runs of a bin that may or may not fit are looked at before the next bin, whose runs all fit, is
// taken.
constexpr int kLooksIntoBin = 8;

}  // namespace

Result<PageAllocator> PageAllocator::create(MutableBytes region) {
    const auto start = reinterpret_cast<std::uintptr_t>(region.data());
    if (start % kPageSize != 0 || region.size() % kPageSize != 0) {
        return fail(ErrorCode::kInvalid, "the memory granted is not page aligned");
    }
    const std::size_t total = region.size() / kPageSize;
    const std::size_t records = pages_for(total * sizeof(PageRecord));
    if (total <= records) return fail(ErrorCode::kOutOfMemory, "the memory granted is less than two pages");
    if (total > kNoPage) return fail(ErrorCode::kTooLarge, "the memory granted is more than 16 TiB");
    return PageAllocator(region.data(), region.data() + records * kPageSize,
                         static_cast<PageIndex>(total - records));
}

PageAllocator::PageAllocator(std::byte* records, std::byte* pages, PageIndex count)
    : records_(reinterpret_cast<PageRecord*>(records)), pages_(pages), count_(count) {
    bins_.fill(kNoPage);
}

unsigned PageAllocator::bin_of(std::uint32_t length) {
    if (length <= kExactBins) return length - 1;
    const unsigned power = static_cast<unsigned>(std::bit_width(length)) - 1;  // 4 or more
    const unsigned quarter = (length >> (power - 2)) & 3;
    return kExactBins + (power - 4) * 4 + quarter;
}

PageRun PageAllocator::allocate(std::size_t length, std::size_t alignment) {
    assert(length > 0 && std::has_single_bit(alignment));
    // An aligned run is cut out of a longer one, and the rest given back.
    std::size_t wanted = 0;
    if (__builtin_add_overflow(length, alignment - 1, &wanted) || wanted > count_) return {};
    const auto padded = static_cast<std::uint32_t>(wanted);

    PageIndex first = find_free(padded);
    if (first != kNoPage) {
        const std::uint32_t found = records_[first].length;
        remove_free(first);
        if (found > padded) insert_free(first + padded, found - padded);
    } else {
        if (padded > count_ - frontier_) return {};
        first = frontier_;
        frontier_ += padded;
    }
    mark_run(first, padded);
    records_[first].tag = static_cast<std::uint8_t>(RunOwner::kHeap);
    count_used(padded);

    PageRun run{first, static_cast<std::uint32_t>(length), static_cast<std::uint32_t>(length)};
    if (alignment > 1) {
        const std::uintptr_t page = reinterpret_cast<std::uintptr_t>(address_of(first)) / kPageSize;
        const auto skip = static_cast<std::uint32_t>(-page & (alignment - 1));
        if (skip > 0) {
            split(first, skip);
            release(first, skip);
            run.first += skip;
        }
        shrink(run.first, run.length);
    }
    const PageIndex end = run.first + run.length;
    if (end > touched_) {
        run.fresh_from = touched_ > run.first ? touched_ - run.first : 0;
        touched_ = end;
    }
    return run;
}

void PageAllocator::release(PageIndex first, std::uint32_t length) {
    count_used(-std::int64_t{length});
    records_[first].kind = PageKind::kInner;

    if (first > 0) {
        const PageRecord& before = records_[first - 1];
        if (before.kind == PageKind::kFreeEnd || before.kind == PageKind::kFreeHead) {
            const PageIndex start = first - before.length;
            remove_free(start);
            length += first - start;
            first = start;
        }
    }
    const PageIndex end = first + length;
    if (end == frontier_) {
        frontier_ = first;
        return;
    }
    if (records_[end].kind == PageKind::kFreeHead) {
        const std::uint32_t more = records_[end].length;
        remove_free(end);
        length += more;
    }
    insert_free(first, length);
}

bool PageAllocator::grow(PageIndex first, std::uint32_t new_length) {
    const std::uint32_t old_length = records_[first].length;
    const PageIndex end = first + old_length;
    const std::uint32_t more = new_length - old_length;
    if (end == frontier_) {
        if (more > count_ - frontier_) return false;
        frontier_ += more;
        touched_ = std::max(touched_, frontier_);
    } else {
        const PageRecord behind = records_[end];
        if (behind.kind != PageKind::kFreeHead || behind.length < more) return false;
        remove_free(end);
        if (behind.length > more) insert_free(end + more, behind.length - more);
    }
    mark_run(first, new_length);
    count_used(more);
    return true;
}

void PageAllocator::shrink(PageIndex first, std::uint32_t new_length) {
    const std::uint32_t old_length = records_[first].length;
    if (new_length == old_length) return;
    mark_run(first, new_length);
    release(first + new_length, old_length - new_length);
}

void PageAllocator::split(PageIndex first, std::uint32_t at) {
    const std::uint32_t length = records_[first].length;
    assert(at > 0 && at < length);
    mark_run(first, at);
    mark_run(first + at, length - at);
    records_[first + at].tag = records_[first].tag;
}

PageIndex PageAllocator::find_free(std::uint32_t length) {
    const unsigned own = bin_of(length);
    int looks = kLooksIntoBin;
    for (PageIndex run = bins_[own]; run != kNoPage && looks > 0; run = records_[run].next, --looks) {
        if (records_[run].length >= length) return run;
    }
    // Every run of a later bin is long enough.
    for (unsigned bin = own + 1; bin < kBins;) {
        const std::uint64_t rest = bins_in_use_[bin / 64] >> (bin % 64);
        if (rest != 0) return bins_[bin + static_cast<unsigned>(std::countr_zero(rest))];
        bin = (bin / 64 + 1) * 64;
    }
    return kNoPage;
}

void PageAllocator::insert_free(PageIndex first, std::uint32_t length) {
    const unsigned bin = bin_of(length);
    records_[first + length - 1].kind = PageKind::kFreeEnd;
    records_[first + length - 1].length = length;
    records_[first].kind = PageKind::kFreeHead;
    records_[first].length = length;
    records_[first].previous = kNoPage;
    records_[first].next = bins_[bin];
    if (bins_[bin] != kNoPage) records_[bins_[bin]].previous = first;
    bins_[bin] = first;
    bins_in_use_[bin / 64] |= std::uint64_t{1} << (bin % 64);
}

// The records of the two ends stop saying "free", because a neighbour's release would believe them.
void PageAllocator::remove_free(PageIndex first) {
    PageRecord& head = records_[first];
    const unsigned bin = bin_of(head.length);
    if (head.previous != kNoPage) {
        records_[head.previous].next = head.next;
    } else {
        bins_[bin] = head.next;
        if (head.next == kNoPage) bins_in_use_[bin / 64] &= ~(std::uint64_t{1} << (bin % 64));
    }
    if (head.next != kNoPage) records_[head.next].previous = head.previous;
    head.kind = PageKind::kInner;
    records_[first + head.length - 1].kind = PageKind::kInner;
}

void PageAllocator::mark_run(PageIndex first, std::uint32_t length) {
    records_[first].kind = PageKind::kRun;
    records_[first].length = length;
}

void PageAllocator::count_used(std::int64_t pages) {
    used_ += static_cast<std::size_t>(pages);
    peak_ = std::max(peak_, used_);
}

}  // namespace holm::memory
