#include "tender/devices/virtqueue.h"

#include <array>
#include <cstring>
#include <string>

#include <doctest/doctest.h>

#include "tests/unit/tender/virtio/support.h"

using namespace holm;
using namespace holm::tender;

namespace {

constexpr std::uint32_t kSize = 8;
constexpr std::uint64_t kStart = 0x4000;       // bus address of the guest's memory
constexpr std::uint64_t kMemorySize = 0x2000;  // its first half is read-only

// A guest that writes its ring by hand.
struct Guest {
    alignas(64) std::array<std::byte, kMemorySize> bytes{};
    test::SomeMemory memory{bytes, kStart, 0x1000};
    std::byte* ring = bytes.data() + 0x1000;
    Virtqueue queue{ring, kSize, memory};
    std::array<iovec, Virtqueue::kMaximumPieces> pieces{};
    Virtqueue::Chain chain;

    void describe(std::uint16_t number, std::uint64_t address, std::uint32_t size, std::uint16_t flags = 0,
                  std::uint16_t next = 0) {
        const holm_virtq_descriptor descriptor{address, size, flags, next};
        std::memcpy(ring + sizeof descriptor * number, &descriptor, sizeof descriptor);
    }
    void set(std::uint32_t offset, std::uint16_t value) { std::memcpy(ring + offset, &value, sizeof value); }
    std::uint16_t get(std::uint32_t offset) const {
        std::uint16_t value;
        std::memcpy(&value, ring + offset, sizeof value);
        return value;
    }
    void publish(std::uint16_t head) {
        set(holm_virtq_available(kSize) + 4 + 2 * (index % kSize), head);
        set(holm_virtq_available(kSize) + 2, ++index);
    }
    bool next() { return queue.next(pieces, chain); }
    std::uint16_t index = 0;
};

}  // namespace

TEST_CASE("a chain becomes places in our memory") {
    Guest guest;
    CHECK_FALSE(guest.next());
    guest.describe(3, kStart, 10, HOLM_VIRTQ_NEXT, 7);
    guest.describe(7, kStart + 0x1800, 30, HOLM_VIRTQ_NEXT | HOLM_VIRTQ_WRITE, 1);
    guest.describe(1, kStart + 0x1900, 50, HOLM_VIRTQ_WRITE);
    guest.publish(3);
    REQUIRE(guest.next());
    CHECK(guest.chain.head == 3);
    CHECK(guest.chain.readable == 1);
    CHECK(guest.chain.writable == 2);
    CHECK(guest.chain.readable_size == 10);
    CHECK(guest.chain.writable_size == 80);
    CHECK(guest.pieces[0].iov_base == guest.bytes.data());
    CHECK(guest.pieces[2].iov_base == guest.bytes.data() + 0x1900);
    CHECK(guest.pieces[2].iov_len == 50);
    CHECK_FALSE(guest.next());
    guest.queue.put(3, 42);
    CHECK(guest.get(holm_virtq_used(kSize) + 2) == 0);
    guest.set(holm_virtq_used_event(kSize), 0);
    CHECK(guest.queue.publish());
    CHECK(guest.get(holm_virtq_used(kSize) + 2) == 1);
    CHECK_FALSE(guest.queue.publish());
    CHECK(guest.queue.broken() == nullptr);
}

TEST_CASE("a guest that breaks the rules has broken its queue for good") {
    Guest guest;
    guest.describe(0, kStart, 10);
    const char* expected = nullptr;
    SUBCASE("a head that does not exist") {
        guest.publish(kSize);
        expected = "does not exist";
    }
    SUBCASE("a next that does not exist") {
        guest.describe(0, kStart, 10, HOLM_VIRTQ_NEXT, 0xffff);
        guest.publish(0);
        expected = "does not exist";
    }
    SUBCASE("a descriptor that is its own successor") {
        guest.describe(0, kStart, 10, HOLM_VIRTQ_NEXT, 0);
        guest.publish(0);
        expected = "loop";
    }
    SUBCASE("a loop of two") {
        guest.describe(0, kStart, 10, HOLM_VIRTQ_NEXT, 1);
        guest.describe(1, kStart, 10, HOLM_VIRTQ_NEXT, 0);
        guest.publish(0);
        expected = "loop";
    }
    SUBCASE("an indirect descriptor") {
        guest.describe(0, kStart, 16, HOLM_VIRTQ_INDIRECT);
        guest.publish(0);
        expected = "flags";
    }
    SUBCASE("a flag that nobody knows") {
        guest.describe(0, kStart, 16, 0x8000);
        guest.publish(0);
        expected = "flags";
    }
    SUBCASE("no bytes") {
        guest.describe(0, kStart, 0);
        guest.publish(0);
        expected = "no bytes";
    }
    SUBCASE("outside of memory") {
        guest.describe(0, kStart + kMemorySize - 5, 6);
        guest.publish(0);
        expected = "cannot use";
    }
    SUBCASE("read-only memory, to be written") {
        guest.describe(0, kStart, 10, HOLM_VIRTQ_WRITE);
        guest.publish(0);
        expected = "cannot use";
    }
    SUBCASE("an address that wraps around") {
        guest.describe(0, ~std::uint64_t{0} - 3, 0xffff'ffff);
        guest.publish(0);
        expected = "cannot use";
    }
    SUBCASE("to be read behind to be written") {
        guest.describe(0, kStart + 0x1800, 10, HOLM_VIRTQ_NEXT | HOLM_VIRTQ_WRITE, 1);
        guest.describe(1, kStart, 10);
        guest.publish(0);
        expected = "behind";
    }
    SUBCASE("an index that jumps") {
        guest.set(holm_virtq_available(kSize) + 2, kSize + 1);
        expected = "more buffers than descriptors";
    }
    SUBCASE("an index that goes back") {
        guest.publish(0);
        REQUIRE(guest.next());
        guest.set(holm_virtq_available(kSize) + 2, 0);
        expected = "more buffers than descriptors";
    }
    CHECK_FALSE(guest.next());
    REQUIRE(guest.queue.broken() != nullptr);
    CHECK(std::string(guest.queue.broken()).find(expected) != std::string::npos);
    guest.set(holm_virtq_available(kSize) + 2, guest.index);
    guest.describe(0, kStart, 10);
    guest.publish(0);
    CHECK_FALSE(guest.next());
}

TEST_CASE("more than 4 GiB in one chain are refused") {
    // Memory of that size need not be there: nobody touches it.
    Guest guest;
    const test::AllMemory huge;
    Virtqueue queue(guest.ring, kSize, huge);
    guest.describe(0, 0x1000, 0xffff'fff0, HOLM_VIRTQ_NEXT, 1);
    guest.describe(1, 0x1000, 0x10);
    guest.publish(0);
    CHECK_FALSE(queue.next(guest.pieces, guest.chain));
    CHECK(queue.broken() != nullptr);
}

TEST_CASE("a queue that the device does not have is empty") {
    Virtqueue none;
    std::array<iovec, Virtqueue::kMaximumPieces> pieces;
    Virtqueue::Chain chain;
    CHECK_FALSE(none.next(pieces, chain));
    CHECK(none.broken() == nullptr);
}
