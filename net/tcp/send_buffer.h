#pragma once

// The bytes that the service has sent and the peer has not yet acknowledged, in order. They stay where they
// are until then.

#include <cstdint>
#include <span>

#include "net/tcp/chunk.h"

namespace holm::net::tcp {

class SendBuffer {
  public:
    SendBuffer() = default;
    SendBuffer(const SendBuffer&) = delete;
    SendBuffer& operator=(const SendBuffer&) = delete;

    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    // Bytes held by reference, which do not count against a limit on memory.
    std::size_t referenced() const { return referenced_; }

    // Copies what fits into memory; returns the bytes taken.
    std::size_t append(Bytes bytes, ChunkPool& pool);
    // Refers to bytes (at most 1 GiB in total); false when there is no memory for the reference.
    bool append_reference(Bytes bytes, BufferOwner* owner, ChunkPool& pool);
    // The first `bytes` bytes were acknowledged.
    void drop_front(std::size_t bytes, ChunkPool& pool);
    void clear(ChunkPool& pool);

    // Finds the bytes [offset, offset + length) as pieces. Returns the number of pieces used; `length` is
    // lowered when there are not enough pieces. Reading on from where the last call ended is cheap.
    std::size_t gather(std::size_t offset, std::size_t& length, std::span<Bytes> pieces);

  private:
    Chunk* head_ = nullptr;
    Chunk* tail_ = nullptr;
    std::size_t size_ = 0;
    std::size_t referenced_ = 0;
    // Where the last gather() ended: the chunk and the offset of its first byte.
    Chunk* cursor_ = nullptr;
    std::size_t cursor_offset_ = 0;

    void link(Chunk* chunk);
};

}  // namespace holm::net::tcp
