#include "net/tcp/receive_buffer.h"

#include <algorithm>
#include <cassert>

namespace holm::net::tcp {

void ReceiveBuffer::List::append(Chunk* chunk) {
    chunk->next = nullptr;
    (tail == nullptr ? head : tail->next) = chunk;
    tail = chunk;
    bytes += chunk->size;
}

void ReceiveBuffer::release(Chunk* chunk, ChunkPool& pool) {
    footprint_ -= std::uint32_t(ChunkPool::footprint(chunk->kind));
    if (chunk->kind == ChunkSize::kReference) --retained_;
    pool.release(chunk);
}

void ReceiveBuffer::consume(std::size_t bytes, ChunkPool& pool) {
    assert(bytes <= ready_.bytes);
    ready_.bytes -= bytes;
    while (bytes > 0) {
        Chunk* chunk = ready_.head;
        const std::size_t part = std::min<std::size_t>(bytes, chunk->size);
        chunk->drop_front(std::uint32_t(part));
        bytes -= part;
        if (chunk->size > 0) break;
        ready_.head = chunk->next;
        if (ready_.head == nullptr) ready_.tail = nullptr;
        release(chunk, pool);
    }
}

void ReceiveBuffer::clear_ahead(ChunkPool& pool) {
    while (Chunk* chunk = ahead_.head) {
        ahead_.head = chunk->next;
        release(chunk, pool);
    }
    ahead_ = {};
}

void ReceiveBuffer::clear(ChunkPool& pool) {
    clear_ahead(pool);
    consume(ready_.bytes, pool);
}

// A new chunk with as much of the payload as it takes, or null.
Chunk* ReceiveBuffer::store(Seq sequence, Bytes payload, BufferOwner* owner, std::size_t bound,
                            ChunkPool& pool) {
    if (footprint_ >= bound || !pool.allows(footprint_)) return nullptr;
    Chunk* chunk = nullptr;
    if (owner != nullptr && payload.size() >= kRetainFrom && retained_ < kMaxRetained) {
        chunk = pool.refer(payload, owner);
        if (chunk == nullptr) return nullptr;
        ++retained_;
    } else {
        chunk = pool.allocate(payload.size());
        if (chunk == nullptr) return nullptr;
        chunk->append(payload.first(std::min(payload.size(), chunk->room())));
    }
    chunk->sequence = sequence;
    footprint_ += std::uint32_t(ChunkPool::footprint(chunk->kind));
    return chunk;
}

Seq ReceiveBuffer::append_in_order(Seq next, Bytes payload, BufferOwner* owner, std::size_t bound,
                                   ChunkPool& pool) {
    // Filling up the last chunk keeps a stream of tiny segments from taking a chunk each.
    if (Chunk* tail = ready_.tail; tail != nullptr && (owner == nullptr || payload.size() < kRetainFrom)) {
        const std::size_t part = std::min(tail->room(), payload.size());
        tail->append(payload.first(part));
        ready_.bytes += part;
        payload = payload.subspan(part);
        next += std::uint32_t(part);
    }
    while (!payload.empty()) {
        Chunk* chunk = store(next, payload, owner, bound, pool);
        if (chunk == nullptr) break;
        ready_.append(chunk);
        payload = payload.subspan(chunk->size);
        next += chunk->size;
    }
    return next;
}

// Puts the parts of the payload that are not there yet into the list. Bytes that arrived first stay: a later
// copy of the same sequence numbers cannot change what was acknowledged.
void ReceiveBuffer::insert_ahead(Seq sequence, Bytes payload, BufferOwner* owner, std::size_t bound,
                                 ChunkPool& pool) {
    const Seq end = sequence + std::uint32_t(payload.size());
    Chunk* previous = nullptr;
    // Most segments belong behind the last run.
    if (ahead_.tail != nullptr && ahead_.tail->end() <= sequence) previous = ahead_.tail;
    Seq cursor = sequence;
    while (cursor < end) {
        Chunk* following = previous == nullptr ? ahead_.head : previous->next;
        while (following != nullptr && following->end() <= cursor) {
            previous = following;
            following = following->next;
        }
        if (following != nullptr && following->sequence <= cursor) {
            cursor = following->end();
            continue;
        }
        const Seq gap_end = following == nullptr ? end : earlier(end, following->sequence);
        Bytes part = payload.subspan(distance(sequence, cursor), distance(cursor, gap_end));
        if (previous != nullptr && previous->end() == cursor && previous->room() > 0) {
            part = part.first(std::min(part.size(), previous->room()));
            previous->append(part);
        } else {
            Chunk* chunk = store(cursor, part, owner, bound, pool);
            if (chunk == nullptr) return;
            chunk->next = following;
            (previous == nullptr ? ahead_.head : previous->next) = chunk;
            if (following == nullptr) ahead_.tail = chunk;
            previous = chunk;
            part = part.first(chunk->size);
        }
        ahead_.bytes += part.size();
        cursor += std::uint32_t(part.size());
    }
}

// Moves what is contiguous with `next` from the runs ahead to the bytes in order.
Seq ReceiveBuffer::promote(Seq next, ChunkPool& pool) {
    while (Chunk* chunk = ahead_.head) {
        if (chunk->sequence > next) break;
        ahead_.head = chunk->next;
        if (ahead_.head == nullptr) ahead_.tail = nullptr;
        ahead_.bytes -= chunk->size;
        if (chunk->end() <= next) {
            release(chunk, pool);
            continue;
        }
        chunk->drop_front(distance(chunk->sequence, next));
        ready_.append(chunk);
        next = chunk->end();
    }
    return next;
}

// Reneging (RFC 2018, section 8): the peer sends it again.
void ReceiveBuffer::drop_last_ahead(ChunkPool& pool) {
    Chunk* last = ahead_.tail;
    Chunk* previous = nullptr;
    for (Chunk* chunk = ahead_.head; chunk != last; chunk = chunk->next) previous = chunk;
    (previous == nullptr ? ahead_.head : previous->next) = nullptr;
    ahead_.tail = previous;
    ahead_.bytes -= last->size;
    release(last, pool);
    reneged_ = true;
}

Seq ReceiveBuffer::insert(Seq next, Seq sequence, Bytes payload, BufferOwner* owner, std::size_t bound,
                          ChunkPool& pool) {
    if (sequence != next) {
        insert_ahead(sequence, payload, owner, bound, pool);
        return next;
    }
    const Seq end = next + std::uint32_t(payload.size());
    next = append_in_order(next, payload, owner, bound, pool);
    // What waits behind the gap must never keep out what fills it: the peer would send that in vain for ever.
    while (next < end && ahead_.head != nullptr) {
        drop_last_ahead(pool);
        next = append_in_order(next, payload.last(distance(next, end)), owner, bound, pool);
    }
    return ahead_.head == nullptr ? next : promote(next, pool);
}

SeqRange ReceiveBuffer::run_around(Seq sequence) const {
    SeqRange run;
    for (const Chunk* chunk = ahead_.head; chunk != nullptr; chunk = chunk->next) {
        if (chunk->sequence == run.end && !run.empty()) {
            run.end = chunk->end();
        } else {
            if (run.begin <= sequence && sequence < run.end) break;
            run = {chunk->sequence, chunk->end()};
        }
    }
    return run.begin <= sequence && sequence < run.end ? run : SeqRange{};
}

}  // namespace holm::net::tcp
