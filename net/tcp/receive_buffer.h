#pragma once

// Received bytes: those in order, ready for the service to read where they lie, and runs that arrived ahead
// of a gap.

#include <cstdint>
#include <utility>

#include "net/tcp/chunk.h"

namespace holm::net::tcp {

class ReceiveBuffer {
  public:
    // Payloads from this size on stay in the device's buffer instead of being copied.
    static constexpr std::size_t kRetainFrom = 8192;
    // But a retained payload may pin a device buffer many times its size, so a connection holds only so many.
    static constexpr std::uint8_t kMaxRetained = 8;

    ReceiveBuffer() = default;
    ReceiveBuffer(const ReceiveBuffer&) = delete;
    ReceiveBuffer& operator=(const ReceiveBuffer&) = delete;

    // Bytes in order that nobody has consumed.
    std::size_t ready() const { return ready_.bytes; }
    // Where the first of them lie.
    Bytes front() const { return ready_.head == nullptr ? Bytes{} : ready_.head->bytes(); }
    void consume(std::size_t bytes, ChunkPool& pool);

    // Takes the payload that starts at `sequence`; `next` is the next sequence number expected in order. The
    // caller has trimmed it to the window, so next <= sequence. Returns the new `next`: beyond the old one if
    // the payload filled the gap (and whatever was waiting behind it). Bytes for which there is no memory are
    // dropped: the peer sends them again. `bound` limits the chunk memory of this connection.
    Seq insert(Seq next, Seq sequence, Bytes payload, BufferOwner* owner, std::size_t bound, ChunkPool& pool);

    // Bytes ahead of the gap were dropped since the last call, to make room for those that fill it.
    bool take_reneged() { return std::exchange(reneged_, false); }
    bool has_ahead() const { return ahead_.head != nullptr; }
    std::size_t ahead() const { return ahead_.bytes; }
    // The contiguous run ahead of the gap that holds `sequence`; empty when none does.
    SeqRange run_around(Seq sequence) const;

    // Drops what waits behind a gap.
    void clear_ahead(ChunkPool& pool);
    void clear(ChunkPool& pool);

  private:
    struct List {
        Chunk* head = nullptr;
        Chunk* tail = nullptr;
        std::size_t bytes = 0;
        void append(Chunk* chunk);
    };

    Chunk* store(Seq sequence, Bytes payload, BufferOwner* owner, std::size_t bound, ChunkPool& pool);
    Seq append_in_order(Seq next, Bytes payload, BufferOwner* owner, std::size_t bound, ChunkPool& pool);
    void insert_ahead(Seq sequence, Bytes payload, BufferOwner* owner, std::size_t bound, ChunkPool& pool);
    void drop_last_ahead(ChunkPool& pool);
    Seq promote(Seq next, ChunkPool& pool);
    void release(Chunk* chunk, ChunkPool& pool);

    List ready_;
    List ahead_;  // ordered by sequence, without overlaps
    std::uint32_t footprint_ = 0;
    std::uint8_t retained_ = 0;
    bool reneged_ = false;
};

}  // namespace holm::net::tcp
