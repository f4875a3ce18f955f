#pragma once

// Chunks hold the bytes of a connection, received or to be sent, in singly linked lists. A chunk either
// stores its bytes itself (a copy) or refers to memory whose BufferOwner it has retained. They come from a
// pool that recycles a few of each size, so that a request and its response touch no allocator.

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "net/frame.h"
#include "net/outgoing_references.h"
#include "net/tcp/memory.h"
#include "net/tcp/sequence.h"

namespace holm::net::tcp {

// kRecovery: no bytes, but what loss recovery knows of a flight.
enum class ChunkSize : std::uint8_t { kReference, kSmall, kLarge, kRecovery };

struct Chunk {
    Chunk* next = nullptr;
    const std::byte* data = nullptr;  // the first byte that is still wanted
    std::uint32_t size = 0;           // bytes from `data`
    Seq sequence;                     // of the first byte (receive side only)
    BufferOwner* owner = nullptr;     // retained, if not null
    ChunkSize kind = ChunkSize::kSmall;
    std::uint64_t last_reader = 0;  // released, but waiting for this number of OutgoingReferences

    Bytes bytes() const { return {data, size}; }
    Seq end() const { return sequence + size; }
    // Free bytes behind the stored ones. A reference has none.
    std::size_t room() const;
    // Precondition: bytes.size() <= room().
    void append(Bytes bytes);
    void drop_front(std::uint32_t bytes) {
        data += bytes;
        size -= bytes;
        sequence += bytes;
    }
    std::byte* storage() { return reinterpret_cast<std::byte*>(this + 1); }
};

class ChunkPool {
  public:
    // `bound`: bytes of chunk memory in use at one time, over all connections.
    ChunkPool(Memory& memory, std::size_t bound) : memory_(memory), bound_(bound) {}
    ~ChunkPool();
    ChunkPool(const ChunkPool&) = delete;
    ChunkPool& operator=(const ChunkPool&) = delete;

    // An empty chunk that is to store about `bytes`, or null when the bound or the memory is reached.
    Chunk* allocate(std::size_t bytes);
    // A chunk that refers to `bytes`, retained (owner may be null for memory that lives forever), or null.
    Chunk* refer(Bytes bytes, BufferOwner* owner);
    // Beyond the bound too, for there is one for each connection at most, and nothing that waits to be sent
    // could leave without it. Null when there is no memory.
    Chunk* allocate_recovery() { return take(ChunkSize::kRecovery); }
    void release(Chunk* chunk);
    void release_list(Chunk* chunk);
    // A chunk that was on its way out: kept until no device reads it any more.
    void release_sent(Chunk* chunk);
    void release_sent_list(Chunk* chunk);
    // Looks which of those can go.
    void reap();
    void set_references(const OutgoingReferences& references) { references_ = &references; }

    std::size_t bytes_in_use() const { return in_use_; }
    // Whether a connection that holds so many bytes of one direction may have more: half of the bound goes to
    // who comes first, the rest to those that hold next to nothing. Peers that take all they can and give
    // nothing back (windows that stay closed) leave enough for the others.
    static constexpr std::size_t kLeast = 4096;
    bool allows(std::size_t held) const { return held < kLeast || in_use_ < bound_ / 2; }
    // Whether buffers may grow by so much: half of the bound is for those that cannot wait.
    bool has_room(std::size_t bytes) const { return in_use_ + bytes <= bound_ / 2; }

    // Bytes of memory that a chunk of this kind takes.
    static constexpr std::size_t footprint(ChunkSize kind) {
        constexpr std::size_t kBytes[] = {sizeof(Chunk), 2048, 16384, 320};
        return kBytes[int(kind)];
    }
    static constexpr std::size_t capacity(ChunkSize kind) { return footprint(kind) - sizeof(Chunk); }

  private:
    static constexpr int kSizes = 4;
    struct FreeList {
        Chunk* head = nullptr;
        std::uint32_t length = 0;
    };
    Chunk* take(ChunkSize kind);

    // Released while devices may still read them, oldest first.
    struct Waiting {
        Chunk* head = nullptr;
        Chunk* tail = nullptr;
    };

    Memory& memory_;
    const OutgoingReferences* references_ = nullptr;
    Waiting waiting_;
    std::size_t bound_;
    std::size_t in_use_ = 0;
    FreeList free_[kSizes];
};

}  // namespace holm::net::tcp
