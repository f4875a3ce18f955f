#pragma once

// What is outstanding, as it was sent: runs of sequence numbers with the time they left and what is known of
// them since (RFC 8985, section 5.2; the scoreboard of RFC 6675, section 3, is part of it). The first runs
// lie in the connection, more of them take a chunk of memory while there are any. Bounded: when there is no
// room, neighbours share a run, which costs precision (a needless retransmission at worst) and never
// correctness.

#include <cstdint>
#include <span>

#include "base/instant.h"
#include "net/tcp/chunk.h"
#include "net/tcp/sequence.h"

namespace holm::net::tcp {

struct Transmitted {
    Seq begin;
    Seq end;
    Instant at;              // when it was last sent
    bool sacked = false;     // the peer has it (RFC 2018)
    bool lost = false;       // believed lost, and to be sent again or under way again
    bool repeated = false;   // was sent more than once
    bool under_way = false;  // lost, and its retransmission has left

    std::uint32_t size() const { return distance(begin, end); }
};

class Transmissions {
  public:
    // Bytes that may share a run from the beginning: what was sent at the same time is lost or delivered in
    // pieces that SACK blocks tell apart.
    static constexpr std::uint32_t kMaximumRun = 65'535;
    static constexpr int kInline = 2;
    static constexpr int kMaximumRuns = int(ChunkPool::capacity(ChunkSize::kLarge) / sizeof(Transmitted));

    explicit Transmissions(ChunkPool& pool) : pool_(&pool) {}
    ~Transmissions() { clear(); }
    Transmissions(const Transmissions&) = delete;
    Transmissions& operator=(const Transmissions&) = delete;

    bool empty() const { return count_ == 0; }
    std::span<const Transmitted> runs() const { return {runs_ + first_, std::size_t(count_)}; }
    // Bytes: selectively acknowledged; believed lost; of those, sent again.
    std::uint32_t sacked() const { return sacked_; }
    std::uint32_t lost() const { return lost_; }
    std::uint32_t under_way() const { return under_way_; }
    int sacked_runs() const { return sacked_runs_; }

    // New data has left. Precondition: `range` begins where the last run ended.
    void append(SeqRange range, Instant now);
    // Everything before `una` has arrived: calls delivered(run) for each run, or part of one, that had not
    // been selectively acknowledged, and forgets them.
    template <typename Delivered>
    void acknowledge(Seq una, Delivered delivered);
    // The same for a SACK block, which marks runs.
    template <typename Delivered>
    void select(SeqRange block, Delivered delivered);
    // `index`: in runs(). Believed lost, also if a retransmission is under way.
    void mark_lost(int index);
    // The first run that is lost and not under way, cut to `most` bytes; negative: none.
    int next_lost(std::uint32_t most);
    // The last `most` bytes that the peer has not selectively acknowledged, as a run; negative: none.
    int tail(std::uint32_t most);
    // The first run, cut to `most` bytes; negative: none, or the peer has it.
    int head(std::uint32_t most);
    // The beginning of a run that next_lost(), tail() or head() had found has left again.
    void sent_again(SeqRange range, Instant now);
    // Nothing was lost after all.
    void forgive();
    // The peer has thrown away what it had selectively acknowledged (RFC 2018, section 8).
    void forget_selections();
    void clear();

  private:
    Transmitted& at(int index) { return runs_[first_ + index]; }
    bool make_room();
    void compact();
    // Makes `seq`, inside run `index`, a border between runs. Returns the run before it; negative: no room.
    int split(int index, Seq seq);
    int cut(int index, std::uint32_t most);
    int find(Seq seq) const;
    void release();
    void note_selected(Transmitted& run);

    ChunkPool* pool_;
    Chunk* chunk_ = nullptr;
    Transmitted* runs_ = inline_;
    std::int32_t first_ = 0;
    std::int32_t count_ = 0;
    std::int32_t capacity_ = kInline;
    std::int32_t sacked_runs_ = 0;
    std::uint32_t sacked_ = 0;
    std::uint32_t lost_ = 0;
    std::uint32_t under_way_ = 0;
    Transmitted inline_[kInline];
};

template <typename Delivered>
void Transmissions::acknowledge(Seq una, Delivered delivered) {
    while (count_ > 0 && at(0).begin < una) {
        Transmitted& run = at(0);
        Transmitted part = run;
        part.end = earlier(run.end, una);
        const std::uint32_t bytes = part.size();
        if (run.lost) lost_ -= bytes;
        if (run.under_way) under_way_ -= bytes;
        if (run.sacked)
            sacked_ -= bytes;
        else
            delivered(part);
        if (part.end < run.end) {
            run.begin = una;
            return;
        }
        if (run.sacked) --sacked_runs_;
        ++first_;
        --count_;
    }
    if (count_ == 0) release();
}

template <typename Delivered>
void Transmissions::select(SeqRange block, Delivered delivered) {
    for (int i = find(block.begin); i < count_ && at(i).begin < block.end; ++i) {
        if (at(i).sacked) continue;
        if (at(i).begin < block.begin) {
            // The second half is the next one. Without room for it, nothing of the run is marked.
            const Seq begin = at(i).begin;
            i = split(i, block.begin);
            if (i < 0) i = find(begin);
            continue;
        }
        if (at(i).end > block.end) {
            i = split(i, block.end);
            if (i < 0) return;
        }
        note_selected(at(i));
        delivered(at(i));
    }
}

}  // namespace holm::net::tcp
