#pragma once

// What the peer has selectively acknowledged: runs above SND.UNA, ordered, disjoint (RFC 6675, section 3).
// They take a chunk of memory while there are any. Bounded: a run that finds no room is not noted, which
// costs a needless retransmission at worst.

#include <cstdint>
#include <span>

#include "net/tcp/chunk.h"
#include "net/tcp/sequence.h"

namespace holm::net::tcp {

class Scoreboard {
  public:
    static constexpr int kMaxRuns = int(ChunkPool::capacity(ChunkSize::kSmall) / sizeof(SeqRange));

    explicit Scoreboard(ChunkPool& pool) : pool_(&pool) {}
    ~Scoreboard() { clear(); }
    Scoreboard(const Scoreboard&) = delete;
    Scoreboard& operator=(const Scoreboard&) = delete;

    bool empty() const { return count_ == 0; }
    std::span<const SeqRange> runs() const { return {runs_, std::size_t(count_)}; }
    std::uint32_t sacked_bytes() const { return bytes_; }
    // The end of the highest run. Precondition: !empty().
    Seq highest() const { return runs_[count_ - 1].end; }

    // Adds a block that the caller has checked to lie in (SND.UNA, SND.NXT]. Returns the bytes that were not
    // known before.
    std::uint32_t add(SeqRange block);
    // Forgets everything before `una`.
    void acknowledge(Seq una);
    void clear();

  private:
    bool make_room();

    ChunkPool* pool_;
    Chunk* chunk_ = nullptr;
    SeqRange* runs_ = nullptr;  // in the chunk
    std::int32_t count_ = 0;
    std::uint32_t bytes_ = 0;
};

}  // namespace holm::net::tcp
