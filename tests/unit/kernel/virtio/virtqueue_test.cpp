#include "kernel/drivers/virtio/virtqueue.h"

#include <array>
#include <string>

#include <doctest/doctest.h>

#include "tests/unit/kernel/virtio/ring_device.h"

using namespace holm;
using namespace holm::drivers;
using test::CountingNotifier;
using test::RingDevice;

namespace {

struct Fixture {
    explicit Fixture(std::uint32_t size, bool event_index = false, std::uint64_t bus_offset = 0)
        : device(size, bus_offset) {
        auto created = Virtqueue::create(device.setup(event_index), notifier);
        REQUIRE(created);
        queue = std::move(*created);
    }
    bool add_one(std::uint64_t token) {
        const MutableBytes piece(buffer);
        return queue->add({}, {&piece, 1}, token);
    }
    RingDevice device;
    CountingNotifier notifier;
    std::unique_ptr<Virtqueue> queue;
    std::array<std::byte, 100> buffer{};
};

}  // namespace

TEST_CASE("the parts of a ring lie where virtio 1.2 wants them") {
    CHECK(holm_virtq_available(8) == 128);
    CHECK(holm_virtq_used_event(8) == 128 + 4 + 16);
    CHECK(holm_virtq_used(8) == 192);
    CHECK(holm_virtq_available_event(8) == 192 + 4 + 64);
    CHECK(holm_virtq_bytes(8) == 262);
}

TEST_CASE("a queue of an impossible size, or of memory that lies askew, is refused") {
    RingDevice device(8);
    CountingNotifier notifier;
    for (const std::uint32_t size : {0u, 3u, 6u, 32768u, 65536u}) {
        auto setup = device.setup(false);
        setup.size = size;
        CHECK(Virtqueue::create(setup, notifier).error().code == ErrorCode::kInvalid);
    }
    auto setup = device.setup(false);
    setup.memory += 8;
    CHECK(Virtqueue::create(setup, notifier).error().code == ErrorCode::kInvalid);
}

TEST_CASE("a chain is what the device reads, then what it writes, at bus addresses") {
    Fixture test(8, false, 0x1000);
    const std::string header = "header", payload = "payload";
    const Bytes readable[] = {as_bytes(header), {}, as_bytes(payload)};
    const MutableBytes writable[] = {MutableBytes(test.buffer)};
    REQUIRE(test.queue->add(readable, writable, 77));
    CHECK(test.device.available_index() == 0);  // not before it is published
    CHECK(test.queue->free_descriptors() == 5);
    test.queue->publish();
    CHECK(test.device.available_index() == 1);
    CHECK(test.queue->in_flight() == 1);

    const std::uint16_t head = test.device.available(0);
    const auto chain = test.device.chain(head);
    REQUIRE(chain.size() == 3);
    CHECK(chain[0].address == reinterpret_cast<std::uint64_t>(header.data()) - 0x1000);
    CHECK(chain[0].size == 6);
    CHECK(chain[0].flags == HOLM_VIRTQ_NEXT);
    CHECK(chain[1].size == 7);
    CHECK(chain[2].size == 100);
    CHECK(chain[2].flags == HOLM_VIRTQ_WRITE);

    CHECK_FALSE(test.queue->take());
    test.device.use(head, 42);
    const auto done = test.queue->take();
    REQUIRE(done);
    CHECK(done->token == 77);
    CHECK(done->length == 42);
    CHECK(test.queue->free_descriptors() == 8);
    CHECK(test.queue->in_flight() == 0);
    CHECK_FALSE(test.queue->take());
    CHECK(test.queue->broken() == nullptr);
}

TEST_CASE("a full queue takes nothing, and takes again what has room") {
    Fixture test(4);
    const Bytes two[] = {as_bytes("a"), as_bytes("b")};
    CHECK(test.queue->add(two, {}, 1));
    CHECK(test.add_one(2));
    CHECK_FALSE(test.queue->add(two, {}, 3));  // one descriptor is left
    CHECK(test.add_one(4));
    CHECK_FALSE(test.add_one(5));
    test.queue->publish();
    test.device.use(test.device.available(1), 0);
    test.device.use(test.device.available(0), 0);
    CHECK(test.queue->take()->token == 2);  // in the device's order
    CHECK(test.queue->take()->token == 1);
    CHECK(test.queue->free_descriptors() == 3);
    CHECK(test.queue->add(two, {}, 6));
}

TEST_CASE("indices wrap around") {
    for (const bool event_index : {false, true}) {
        Fixture test(4, event_index);
        for (std::uint32_t round = 0; round < 70'000; ++round) {
            REQUIRE(test.add_one(round));
            REQUIRE(test.add_one(round + 1));
            test.queue->publish();
            for (std::uint32_t i = 0; i < 2; ++i)
                test.device.use(test.device.available(test.device.used_index()), 1);
            REQUIRE(test.queue->take()->token == round);
            REQUIRE(test.queue->take()->token == round + 1);
            REQUIRE(!test.queue->take());
        }
    }
}

TEST_CASE("one notification for all that is published at once, and none if the device wants none") {
    Fixture test(8);
    test.queue->publish();
    CHECK(test.notifier.count == 0);  // there is nothing
    test.add_one(1);
    test.add_one(2);
    test.queue->publish();
    CHECK(test.notifier.count == 1);
    test.device.set_used_flags(HOLM_VIRTQ_NO_SIGNAL);
    test.add_one(3);
    test.queue->publish();
    CHECK(test.notifier.count == 1);
}

TEST_CASE("with the event index the device is notified when its index is passed") {
    Fixture test(8, true);
    test.device.set_used_flags(HOLM_VIRTQ_NO_SIGNAL);  // not in use then
    test.device.set_available_event(2);
    test.add_one(0);
    test.queue->publish();
    test.add_one(1);
    test.queue->publish();
    CHECK(test.notifier.count == 0);
    test.add_one(2);
    test.add_one(3);
    test.queue->publish();
    CHECK(test.notifier.count == 1);
    test.add_one(4);
    test.queue->publish();
    CHECK(test.notifier.count == 1);
}

TEST_CASE("interrupts are asked for, and what came in between is noticed") {
    SUBCASE("by flag") {
        Fixture test(8);
        CHECK(test.device.available_flags() == HOLM_VIRTQ_NO_SIGNAL);
        CHECK(test.queue->arm());
        CHECK(test.device.available_flags() == 0);
        test.add_one(1);
        test.queue->publish();
        test.device.use(test.device.available(0), 0);
        CHECK_FALSE(test.queue->arm());
        test.queue->disarm();
        CHECK(test.device.available_flags() == HOLM_VIRTQ_NO_SIGNAL);
    }
    SUBCASE("by event index") {
        Fixture test(8, true);
        const auto interrupts = [&](std::uint16_t before, std::uint16_t now) {
            return holm_virtq_passes(test.device.used_event(), before, now) != 0;
        };
        CHECK_FALSE(interrupts(0, 1));
        CHECK(test.queue->arm());
        CHECK(interrupts(0, 1));
        test.add_one(1);
        test.queue->publish();
        test.device.use(test.device.available(0), 0);
        CHECK_FALSE(test.queue->arm());
        CHECK(test.queue->take());
        CHECK(test.queue->arm());
        CHECK(interrupts(1, 3));
        test.queue->disarm();
        CHECK_FALSE(interrupts(1, 8));
    }
}

TEST_CASE("a device that breaks the rules is broken for good") {
    Fixture test(8);
    test.add_one(1);
    test.add_one(2);
    test.queue->publish();
    test.add_one(3);  // not published
    const std::uint16_t head = test.device.available(0);
    SUBCASE("a descriptor that does not exist") {
        test.device.use(8, 0);
    }
    SUBCASE("far away") {
        test.device.use(0xffff'ffff, 0);
    }
    SUBCASE("a descriptor that is free") {
        test.device.use(7, 0);
    }
    SUBCASE("a chain that was not published") {
        test.device.use(test.device.available(2), 0);
    }
    SUBCASE("longer than the buffer") {
        test.device.use(head, 101);
    }
    SUBCASE("more than there are") {
        test.device.set_used_index(3);
    }
    SUBCASE("backwards") {
        test.device.set_used_index(0xffff);
    }
    SUBCASE("the same twice") {
        test.device.use(head, 0);
        test.device.use(head, 0);
        CHECK(test.queue->take()->token == 1);
    }
    CHECK_FALSE(test.queue->take());
    CHECK(test.queue->broken() != nullptr);
    CHECK_FALSE(test.queue->take());
    CHECK_FALSE(test.add_one(4));
    const int notified = test.notifier.count;
    test.queue->publish();
    CHECK(test.notifier.count == notified);
}

TEST_CASE("what a device writes into descriptors and available ring does not reach the driver") {
    Fixture test(4);
    for (std::uint64_t token = 0; token < 4; ++token) test.add_one(token);
    test.queue->publish();
    std::array<std::uint16_t, 4> heads;
    for (std::uint16_t i = 0; i < 4; ++i) heads[i] = test.device.available(i);
    for (std::byte& byte : test.device.ring().first(holm_virtq_used(4))) byte = std::byte{0xff};
    for (const std::uint16_t head : heads) test.device.use(head, 100);
    for (std::uint64_t token = 0; token < 4; ++token) CHECK(test.queue->take()->token == token);
    for (std::uint64_t token = 0; token < 4; ++token) CHECK(test.add_one(token));
    CHECK(test.queue->free_descriptors() == 0);
}
