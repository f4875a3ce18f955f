#include "net/tcp/recovery/transmissions.h"

#include <algorithm>
#include <cassert>
#include <memory>

namespace holm::net::tcp {
namespace {

bool alike(const Transmitted& a, const Transmitted& b) {
    return a.sacked == b.sacked && a.lost == b.lost && a.repeated == b.repeated && a.under_way == b.under_way;
}

}  // namespace

void Transmissions::release() {
    if (chunk_ != nullptr) pool_->release(chunk_);
    chunk_ = nullptr;
    runs_ = inline_;
    capacity_ = kInline;
    first_ = 0;
}

void Transmissions::clear() {
    count_ = sacked_runs_ = 0;
    sacked_ = lost_ = under_way_ = 0;
    release();
}

// Neighbours of which the same is known become one run, with the later of their times.
void Transmissions::compact() {
    int kept = 0;
    for (int i = 1; i < count_; ++i) {
        if (alike(at(kept), at(i))) {
            at(kept).end = at(i).end;
            at(kept).at = std::max(at(kept).at, at(i).at);
            if (at(kept).sacked) --sacked_runs_;
        } else {
            at(++kept) = at(i);
        }
    }
    count_ = kept + 1;
}

// For one run more behind the last.
bool Transmissions::make_room() {
    if (first_ + count_ < capacity_) return true;
    if (first_ > count_ / 2 || (first_ > 0 && capacity_ == kMaximumRuns)) {
        std::copy(runs_ + first_, runs_ + first_ + count_, runs_);
        first_ = 0;
        return true;
    }
    if (capacity_ < kMaximumRuns) {
        const ChunkSize kind = capacity_ == kInline ? ChunkSize::kSmall : ChunkSize::kLarge;
        if (Chunk* chunk = pool_->allocate(ChunkPool::capacity(kind))) {
            const int capacity = int(ChunkPool::capacity(kind) / sizeof(Transmitted));
            // Not initialized: most of it is never used.
            auto* runs = static_cast<Transmitted*>(static_cast<void*>(chunk->storage()));
            std::uninitialized_copy(runs_ + first_, runs_ + first_ + count_, runs);
            if (chunk_ != nullptr) pool_->release(chunk_);
            chunk_ = chunk;
            runs_ = runs;
            first_ = 0;
            capacity_ = capacity;
            return true;
        }
    }
    if (first_ == 0) compact();
    if (first_ > 0) {
        std::copy(runs_ + first_, runs_ + first_ + count_, runs_);
        first_ = 0;
    }
    return count_ < capacity_;
}

void Transmissions::append(SeqRange range, Instant now) {
    if (count_ > 0) {
        Transmitted& last = at(count_ - 1);
        assert(last.end == range.begin);
        const bool fresh = alike(last, {});
        // Splits need some room too.
        const bool crowded = count_ > kMaximumRuns - 64;
        if (fresh && (crowded || (last.at == now && last.size() + range.size() <= kMaximumRun))) {
            last.end = range.end;
            last.at = now;
            return;
        }
        if (!make_room()) {
            // Not even the neighbours are alike: the last run stands for the new bytes as well.
            Transmitted& end = at(count_ - 1);
            if (end.sacked) sacked_ += range.size();
            if (end.lost) lost_ += range.size();
            if (end.under_way) under_way_ += range.size();
            end.end = range.end;
            return;
        }
    }
    at(count_++) = {.begin = range.begin, .end = range.end, .at = now};
}

// The first run that ends after `seq`.
int Transmissions::find(Seq seq) const {
    int low = 0;
    int high = count_;
    while (low < high) {
        const int middle = (low + high) / 2;
        if (runs_[first_ + middle].end <= seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int Transmissions::split(int index, Seq seq) {
    if (first_ + count_ == capacity_) {
        if (!make_room()) return -1;
        index = find(seq - 1);  // making room may have moved everything
        if (at(index).begin == seq) return -1;
    }
    std::copy_backward(&at(index), &at(index) + (count_ - index), &at(index) + (count_ - index) + 1);
    ++count_;
    at(index).end = at(index + 1).begin = seq;
    if (at(index).sacked) ++sacked_runs_;
    return index;
}

// Cuts what begins at run `index` down to `most` bytes as well as there is room.
int Transmissions::cut(int index, std::uint32_t most) {
    const Seq begin = at(index).begin;
    if (at(index).size() <= most) return index;
    const int first = split(index, begin + most);
    return first >= 0 ? first : find(begin);
}

void Transmissions::note_selected(Transmitted& run) {
    const std::uint32_t bytes = run.size();
    if (run.lost) lost_ -= bytes;
    if (run.under_way) under_way_ -= bytes;
    run.lost = run.under_way = false;
    run.sacked = true;
    sacked_ += bytes;
    ++sacked_runs_;
}

void Transmissions::mark_lost(int index) {
    Transmitted& run = at(index);
    assert(!run.sacked);
    if (!run.lost) lost_ += run.size();
    if (run.under_way) under_way_ -= run.size();
    run.lost = true;
    run.under_way = false;
}

int Transmissions::next_lost(std::uint32_t most) {
    if (lost_ == under_way_) return -1;
    for (int i = 0; i < count_; ++i)
        if (at(i).lost && !at(i).under_way) return cut(i, most);
    return -1;
}

int Transmissions::tail(std::uint32_t most) {
    for (int i = count_ - 1; i >= 0; --i) {
        if (at(i).sacked) continue;
        const Seq end = at(i).end;
        if (at(i).size() > most) split(i, end - most);
        return find(end - 1);
    }
    return -1;
}

int Transmissions::head(std::uint32_t most) {
    return count_ == 0 || at(0).sacked ? -1 : cut(0, most);
}

void Transmissions::sent_again(SeqRange range, Instant now) {
    const int index = find(range.begin);
    if (index == count_) return;
    if (at(index).end > range.end) split(index, range.end);
    Transmitted& run = at(index);
    if (run.lost && !run.under_way) {
        run.under_way = true;
        under_way_ += run.size();
    }
    run.repeated = true;
    run.at = now;
}

void Transmissions::forgive() {
    for (int i = 0; i < count_; ++i) at(i).lost = at(i).under_way = false;
    lost_ = under_way_ = 0;
}

void Transmissions::forget_selections() {
    for (int i = 0; i < count_; ++i) at(i).sacked = false;
    sacked_ = 0;
    sacked_runs_ = 0;
}

}  // namespace holm::net::tcp
