#include "net/tcp/send_buffer.h"

#include <algorithm>
#include <cassert>

namespace holm::net::tcp {

void SendBuffer::link(Chunk* chunk) {
    (tail_ == nullptr ? head_ : tail_->next) = chunk;
    tail_ = chunk;
}

std::size_t SendBuffer::append(Bytes bytes, ChunkPool& pool) {
    std::size_t taken = 0;
    while (taken < bytes.size()) {
        if (tail_ == nullptr || tail_->room() == 0) {
            const bool allowed = pool.allows(size_ - referenced_ + taken);
            Chunk* chunk = allowed ? pool.allocate(bytes.size() - taken) : nullptr;
            if (chunk == nullptr) break;
            link(chunk);
        }
        const std::size_t part = std::min(bytes.size() - taken, tail_->room());
        tail_->append(bytes.subspan(taken, part));
        taken += part;
    }
    size_ += taken;
    return taken;
}

bool SendBuffer::append_reference(Bytes bytes, BufferOwner* owner, ChunkPool& pool) {
    Chunk* chunk = pool.refer(bytes, owner);
    if (chunk == nullptr) return false;
    link(chunk);
    size_ += bytes.size();
    referenced_ += bytes.size();
    return true;
}

void SendBuffer::drop_front(std::size_t bytes, ChunkPool& pool) {
    assert(bytes <= size_);
    size_ -= bytes;
    cursor_offset_ -= std::min(bytes, cursor_offset_);
    while (bytes > 0) {
        Chunk* chunk = head_;
        const std::size_t part = std::min<std::size_t>(bytes, chunk->size);
        if (chunk->kind == ChunkSize::kReference) referenced_ -= part;
        bytes -= part;
        chunk->drop_front(std::uint32_t(part));
        if (chunk->size > 0) break;
        head_ = chunk->next;
        if (head_ == nullptr) tail_ = nullptr;
        if (cursor_ == chunk) cursor_ = nullptr;
        pool.release_sent(chunk);
    }
}

void SendBuffer::clear(ChunkPool& pool) {
    pool.release_sent_list(head_);
    head_ = tail_ = cursor_ = nullptr;
    size_ = referenced_ = cursor_offset_ = 0;
}

std::size_t SendBuffer::gather(std::size_t offset, std::size_t& length, std::span<Bytes> pieces) {
    assert(offset + length <= size_);
    Chunk* chunk = head_;
    std::size_t begin = 0;  // of `chunk`
    if (cursor_ != nullptr && cursor_offset_ <= offset) {
        chunk = cursor_;
        begin = cursor_offset_;
    }
    std::size_t count = 0;
    std::size_t found = 0;
    for (; chunk != nullptr; begin += chunk->size, chunk = chunk->next) {
        if (begin + chunk->size <= offset) continue;
        cursor_ = chunk;
        cursor_offset_ = begin;
        if (found == length || count == pieces.size()) break;
        const std::size_t skip = offset > begin ? offset - begin : 0;
        const std::size_t part = std::min<std::size_t>(chunk->size - skip, length - found);
        pieces[count++] = chunk->bytes().subspan(skip, part);
        found += part;
        if (found == length) break;
    }
    length = found;
    return count;
}

}  // namespace holm::net::tcp
