#include "net/tcp/chunk.h"

#include <cassert>
#include <cstring>
#include <new>

namespace holm::net::tcp {
namespace {

// How many free chunks of each size are kept: enough for a batch of requests, too few to matter when idle
// (190 KiB).
constexpr std::uint32_t kKept[] = {64, 48, 4, 64};

}  // namespace

std::size_t Chunk::room() const {
    if (kind == ChunkSize::kReference) return 0;
    const auto* end = reinterpret_cast<const std::byte*>(this) + ChunkPool::footprint(kind);
    return std::size_t(end - (data + size));
}

void Chunk::append(Bytes bytes) {
    assert(bytes.size() <= room());
    std::memcpy(const_cast<std::byte*>(data) + size, bytes.data(), bytes.size());
    size += std::uint32_t(bytes.size());
}

ChunkPool::~ChunkPool() {
    // Devices end before the stack does.
    release_list(waiting_.head);
    assert(in_use_ == 0);
    for (FreeList& list : free_) {
        while (Chunk* chunk = list.head) {
            list.head = chunk->next;
            memory_.release(chunk, footprint(chunk->kind));
        }
    }
}

Chunk* ChunkPool::take(ChunkSize kind) {
    const std::size_t bytes = footprint(kind);
    reap();
    if (in_use_ + bytes > bound_ && kind != ChunkSize::kRecovery) return nullptr;
    FreeList& list = free_[int(kind)];
    void* memory = list.head;
    if (memory != nullptr) {
        list.head = list.head->next;
        --list.length;
    } else {
        memory = memory_.allocate(bytes);
        if (memory == nullptr) return nullptr;
    }
    in_use_ += bytes;
    auto* chunk = new (memory) Chunk;
    chunk->kind = kind;
    chunk->data = chunk->storage();
    return chunk;
}

Chunk* ChunkPool::allocate(std::size_t bytes) {
    const bool small = bytes <= 2 * capacity(ChunkSize::kSmall) || in_use_ >= bound_ / 2;
    return take(small ? ChunkSize::kSmall : ChunkSize::kLarge);
}

Chunk* ChunkPool::refer(Bytes bytes, BufferOwner* owner) {
    Chunk* chunk = take(ChunkSize::kReference);
    if (chunk == nullptr) return nullptr;
    chunk->data = bytes.data();
    chunk->size = std::uint32_t(bytes.size());
    chunk->owner = owner;
    if (owner != nullptr) owner->retain();
    return chunk;
}

void ChunkPool::release(Chunk* chunk) {
    if (chunk->owner != nullptr) chunk->owner->release();
    const ChunkSize kind = chunk->kind;
    in_use_ -= footprint(kind);
    FreeList& list = free_[int(kind)];
    if (list.length >= kKept[int(kind)]) {
        memory_.release(chunk, footprint(kind));
        return;
    }
    chunk->next = list.head;
    list.head = chunk;
    ++list.length;
}

void ChunkPool::release_list(Chunk* chunk) {
    while (chunk != nullptr) {
        Chunk* next = chunk->next;
        release(chunk);
        chunk = next;
    }
}

void ChunkPool::release_sent(Chunk* chunk) {
    if (references_ == nullptr || references_->issued() == references_->settled()) return release(chunk);
    chunk->last_reader = references_->issued();
    chunk->next = nullptr;
    (waiting_.tail != nullptr ? waiting_.tail->next : waiting_.head) = chunk;
    waiting_.tail = chunk;
}

void ChunkPool::release_sent_list(Chunk* chunk) {
    while (chunk != nullptr) {
        Chunk* next = chunk->next;
        release_sent(chunk);
        chunk = next;
    }
}

void ChunkPool::reap() {
    while (Chunk* chunk = waiting_.head) {
        if (chunk->last_reader > references_->settled()) return;
        waiting_.head = chunk->next;
        if (waiting_.head == nullptr) waiting_.tail = nullptr;
        release(chunk);
    }
}

}  // namespace holm::net::tcp
