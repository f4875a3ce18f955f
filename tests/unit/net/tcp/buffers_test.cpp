#include <algorithm>
#include <array>
#include <random>
#include <vector>

#include <doctest/doctest.h>

#include "net/tcp/receive_buffer.h"
#include "net/tcp/send_buffer.h"

namespace holm::net::tcp {
namespace {

class CountingOwner final : public BufferOwner {
  public:
    void retain() override { ++users; }
    void release() override { --users; }
    int users = 0;
};

std::vector<std::byte> numbered(std::size_t size, std::size_t from = 0) {
    std::vector<std::byte> bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = std::byte((from + i) * 31 >> 3U);
    return bytes;
}

}  // namespace

TEST_CASE("a send buffer gathers what was appended, copied or referred to, until it is dropped") {
    std::mt19937 random(3);
    ChunkPool pool(heap_memory(), 1U << 24U);
    const std::vector<std::byte> all = numbered(400'000);
    CountingOwner owner;
    SendBuffer buffer;
    std::size_t dropped = 0;
    std::size_t appended = 0;
    for (int i = 0; i < 2000; ++i) {
        const std::size_t size = std::min<std::size_t>(1 + random() % 3000, all.size() - appended);
        const Bytes bytes = Bytes(all).subspan(appended, size);
        if (size > 0 && random() % 4 == 0) {
            CHECK(buffer.append_reference(bytes, &owner, pool));
        } else {
            CHECK(buffer.append(bytes, pool) == size);
        }
        appended += size;
        REQUIRE(buffer.size() == appended - dropped);

        const std::size_t offset = random() % (buffer.size() + 1);
        std::size_t length = random() % (buffer.size() - offset + 1);
        std::array<Bytes, 8> pieces;
        const std::size_t count = buffer.gather(offset, length, pieces);
        std::size_t at = dropped + offset;
        for (const Bytes piece : std::span(pieces).first(count)) {
            REQUIRE(std::equal(piece.begin(), piece.end(), all.begin() + std::ptrdiff_t(at)));
            at += piece.size();
        }
        CHECK(at == dropped + offset + length);

        const std::size_t acknowledged = random() % (buffer.size() + 1) / 4;
        buffer.drop_front(acknowledged, pool);
        dropped += acknowledged;
    }
    buffer.drop_front(buffer.size(), pool);
    CHECK(buffer.referenced() == 0);
    CHECK(owner.users == 0);
    CHECK(pool.bytes_in_use() == 0);
}

TEST_CASE("a pool that is full gives nothing, and the buffer takes what fits") {
    ChunkPool pool(heap_memory(), ChunkPool::footprint(ChunkSize::kSmall));
    SendBuffer buffer;
    const auto bytes = numbered(3000);
    CHECK(buffer.append(bytes, pool) == ChunkPool::capacity(ChunkSize::kSmall));
    CHECK(buffer.append(bytes, pool) == 0);
    CHECK_FALSE(buffer.append_reference(bytes, nullptr, pool));
    buffer.clear(pool);
    CHECK(pool.bytes_in_use() == 0);
}

TEST_CASE("bytes that were sent stay until every device has read what it was given before") {
    OutgoingReferences references;
    ChunkPool pool(heap_memory(), 1 << 20);
    pool.set_references(references);
    CountingOwner owner;
    const auto bytes = numbered(100'000);
    SendBuffer buffer;
    CHECK(buffer.append_reference(bytes, &owner, pool));
    CHECK(buffer.append(Bytes(bytes).first(5000), pool) == 5000);
    const std::uint64_t first = references.issue();
    const std::uint64_t second = references.issue();
    buffer.drop_front(buffer.size(), pool);  // acknowledged, perhaps thanks to an earlier transmission
    CHECK(owner.users == 1);
    CHECK(pool.bytes_in_use() > 0);
    const std::uint64_t later = references.issue();
    references.finish(second);
    pool.reap();
    CHECK(owner.users == 1);
    references.finish(first);
    pool.reap();
    CHECK(owner.users == 0);
    CHECK(pool.bytes_in_use() == 0);

    CHECK(buffer.append_reference(bytes, &owner, pool));
    buffer.clear(pool);
    CHECK(owner.users == 1);  // `later` is being read
    references.finish(later);
    CHECK(buffer.append_reference(bytes, &owner, pool));  // looks by itself
    CHECK(owner.users == 1);
    buffer.clear(pool);
    CHECK(owner.users == 0);  // nothing is under way
}

TEST_CASE("references are finished in any order, within their window") {
    OutgoingReferences references;
    CHECK(references.issued() == references.settled());
    references.finish(0);
    references.finish(1);
    CHECK(references.settled() == 0);
    for (std::uint64_t i = 1; i <= OutgoingReferences::kWindow; ++i) CHECK(references.issue() == i);
    CHECK(references.issue() == 0);
    for (std::uint64_t i = OutgoingReferences::kWindow; i > 1; --i) references.finish(i);
    CHECK(references.settled() == 0);
    CHECK(references.issue() == 0);
    references.finish(OutgoingReferences::kWindow + 1);  // not given out yet
    references.finish(1);
    references.finish(1);
    CHECK(references.settled() == OutgoingReferences::kWindow);
    CHECK(references.issue() == OutgoingReferences::kWindow + 1);
    CHECK(references.settled() == OutgoingReferences::kWindow);
}

TEST_CASE("segments in any order become the stream") {
    std::mt19937 random(5);
    const std::vector<std::byte> all = numbered(60'000);
    for (int round = 0; round < 30; ++round) {
        ChunkPool pool(heap_memory(), 1U << 24U);
        CountingOwner owner;
        ReceiveBuffer buffer;
        const Seq base(0xffff'8000);
        Seq next = base;
        std::size_t consumed = 0;
        while (distance(base, next) < all.size() || buffer.ready() > 0) {
            const std::size_t from = distance(base, next);
            const std::size_t begin =
                std::min(all.size(), random() % 3 == 0 ? from : from + random() % 20'000);
            const std::size_t size =
                std::min<std::size_t>(all.size() - begin, random() % 10 == 0 ? 9000 : random() % 1500);
            if (size > 0)
                next = buffer.insert(next, base + std::uint32_t(begin), Bytes(all).subspan(begin, size),
                                     &owner, 1U << 20U, pool);
            while (buffer.ready() > 0 && random() % 2 == 0) {
                const Bytes run = buffer.front();
                const std::size_t part = 1 + random() % run.size();
                REQUIRE(std::equal(run.begin(), run.end(), all.begin() + std::ptrdiff_t(consumed)));
                buffer.consume(part, pool);
                consumed += part;
            }
        }
        CHECK(consumed == all.size());
        CHECK_FALSE(buffer.has_ahead());
        CHECK(owner.users == 0);
        CHECK(pool.bytes_in_use() == 0);
    }
}

TEST_CASE("bytes that came first stay") {
    ChunkPool pool(heap_memory(), 1U << 20U);
    ReceiveBuffer buffer;
    const auto first = numbered(100, 0);
    const auto other = numbered(200, 5000);
    Seq next(1000);
    next = buffer.insert(next, Seq(1100), first, nullptr, 1U << 20U, pool);
    next = buffer.insert(next, Seq(1050), other, nullptr, 1U << 20U, pool);  // covers it on both sides
    CHECK(buffer.run_around(Seq(1120)) == SeqRange{Seq(1050), Seq(1250)});
    CHECK(buffer.run_around(Seq(1250)).empty());
    next = buffer.insert(next, Seq(1000), numbered(50), nullptr, 1U << 20U, pool);
    CHECK(next == Seq(1250));
    buffer.consume(100, pool);
    CHECK(buffer.front()[0] == first[0]);
    buffer.clear(pool);
}

TEST_CASE("tiny segments cannot take more memory than the bound") {
    ChunkPool pool(heap_memory(), 1U << 30U);
    ReceiveBuffer buffer;
    const std::byte one[1] = {};
    constexpr std::size_t kBound = 100'000;
    for (std::uint32_t i = 0; i < 20'000; ++i)
        buffer.insert(Seq(0), Seq(1 + 2 * i), one, nullptr, kBound, pool);
    CHECK(pool.bytes_in_use() <= kBound + ChunkPool::footprint(ChunkSize::kLarge));
    Seq next(0);
    buffer.clear(pool);
    for (std::uint32_t i = 0; i < 20'000; ++i) next = buffer.insert(next, next, one, nullptr, kBound, pool);
    CHECK(next == Seq(20'000));  // in order they share chunks
    CHECK(pool.bytes_in_use() <= 24'576);
    buffer.clear(pool);
}

TEST_CASE("only so many device buffers are kept") {
    ChunkPool pool(heap_memory(), 1U << 24U);
    CountingOwner owner;
    ReceiveBuffer buffer;
    const auto bytes = numbered(ReceiveBuffer::kRetainFrom);
    Seq next(0);
    for (int i = 0; i < 20; ++i) next = buffer.insert(next, next, bytes, &owner, 1U << 22U, pool);
    CHECK(owner.users == ReceiveBuffer::kMaxRetained);
    CHECK(buffer.ready() == 20 * bytes.size());
    buffer.clear(pool);
    CHECK(owner.users == 0);
}

}  // namespace holm::net::tcp
