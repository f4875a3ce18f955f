// The virtio-blk driver and the tender's block device, back to back, with threads between them as in holm-vm.

#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/drivers/block/virtio_block.h"
#include "kernel/drivers/block/virtio_block_features.h"
#include "tender/devices/block_device.h"
#include "tests/unit/tender/virtio/support.h"

using namespace holm;
using drivers::BlockJob;
using drivers::BlockOperation;

namespace {

constexpr std::uint64_t kSize = 1 << 20;

struct Doorbell final : drivers::Notifier {
    void notify() override { device->ring(); }
    tender::BlockDevice* device = nullptr;
};

struct Count final : drivers::BlockSink {
    void finished(BlockJob&) override { ++count; }
    unsigned count = 0;
};

holm_boot_device boot_device(bool read_only) {
    holm_boot_device boot{};
    boot.kind = HOLM_DEVICE_BLOCK;
    boot.block.sector_count = kSize / 512;
    boot.block.sector_size = 512;
    boot.block.flags = read_only ? HOLM_DEVICE_READ_ONLY : 0;
    return boot;
}

struct Instance {
    explicit Instance(bool read_only = false, unsigned thread_count = 3)
        : device(boot_device(read_only), {file, eventfd(0, 0), eventfd(0, EFD_NONBLOCK)}, ring.bytes,
                 test::Ring::kSize, memory) {
        REQUIRE(ftruncate(file, kSize) == 0);
        doorbell.device = &device;
        drivers::BlockGeometry geometry{.size = kSize, .sector_size = 512};
        geometry.discards = geometry.writes_zeroes = true;
        geometry.longest_range = kSize;
        auto made = drivers::VirtioBlock::create({.queue = ring.setup(), .geometry = geometry}, doorbell);
        REQUIRE(made);
        driver = std::move(*made);
        for (unsigned i = 0; i < thread_count; ++i)
            threads.emplace_back([this] {
                while (!stop) device.serve();
            });
    }
    ~Instance() {
        stop = true;
        // Each read takes the whole count, so each thread gets a ring of its own.
        for (std::atomic<bool> joined = false; !joined;) {
            std::thread ringer([&] {
                while (!joined) {
                    device.ring();
                    usleep(1000);
                }
            });
            for (std::thread& thread : threads) thread.join();
            joined = true;
            ringer.join();
        }
        for (const int descriptor : {file, device.handles().doorbell, device.handles().news})
            close(descriptor);
    }

    // As the guest's executor and the thread of its processor together.
    void finish(unsigned count) {
        driver->kick();
        const unsigned wanted = sink.count + count;
        while (sink.count < wanted) {
            if (driver->reap(sink) != 0) continue;
            if (driver->readiness().readable || device.take_news()) continue;
            pollfd polled{.fd = device.news_descriptor(), .events = POLLIN, .revents = 0};
            REQUIRE(poll(&polled, 1, 100'000) == 1);  // else a request was lost
            device.take_news();
        }
    }
    Result<> run(BlockOperation operation, std::uint64_t offset, MutableBytes bytes, std::uint64_t size = 0) {
        BlockJob job;
        job.operation = operation;
        job.offset = offset;
        job.size = bytes.empty() ? size : bytes.size();
        job.buffer = bytes.data();
        REQUIRE(driver->submit(job));
        finish(1);
        return job.outcome;
    }

    int file = memfd_create("disk", 0);
    test::Ring ring;
    test::AllMemory memory;
    tender::BlockDevice device;
    Doorbell doorbell;
    std::unique_ptr<drivers::VirtioBlock> driver;
    std::vector<std::thread> threads;
    std::atomic<bool> stop = false;
    Count sink;
};

struct Request {
    holm_virtio_block_header header{};
    holm_virtio_block_range range{};
    std::array<std::byte, 1024> data{};
    std::uint8_t status = 0xff;
};

constexpr tender::BlockLimits kLimits{.size = 65536, .sector_size = 512, .read_only = false};

// A chain of these pieces; `readable` of them are for the device to read. The command refers to them until
// the next call.
tender::BlockCommand parse(std::vector<iovec> made_of, std::uint16_t readable,
                           const tender::BlockLimits& limits = kLimits) {
    static std::vector<iovec> pieces;
    pieces = std::move(made_of);
    tender::Virtqueue::Chain chain{.readable = readable,
                                   .writable = static_cast<std::uint16_t>(pieces.size() - readable)};
    for (std::size_t i = 0; i < pieces.size(); ++i)
        (i < readable ? chain.readable_size : chain.writable_size) += std::uint32_t(pieces[i].iov_len);
    return tender::parse_block_command(pieces, chain, limits);
}

}  // namespace

TEST_CASE("a request of each kind, through both sides") {
    Instance instance;
    std::vector<std::byte> bytes(8192, std::byte{5});
    CHECK(instance.run(BlockOperation::kWrite, 4096, bytes));
    std::vector<std::byte> got(8192);
    CHECK(instance.run(BlockOperation::kRead, 4096, got));
    CHECK(got == bytes);
    CHECK(instance.run(BlockOperation::kFlush, 0, {}));
    struct stat status{};
    CHECK(fstat(instance.file, &status) == 0);
    CHECK(status.st_blocks == 16);
    CHECK(instance.run(BlockOperation::kWriteZeroes, 4096, {}, 4096));
    CHECK(instance.run(BlockOperation::kDiscard, 8192, {}, 4096));
    CHECK(fstat(instance.file, &status) == 0);
    CHECK(status.st_blocks == 0);
    CHECK(instance.device.broken() == nullptr);
    CHECK(instance.driver->fault() == nullptr);
}

TEST_CASE("errors come to the driver as values") {
    Instance instance;
    std::vector<std::byte> bytes(512);
    // The driver's geometry is the queue's business; here it asks for what does not exist.
    CHECK(instance.run(BlockOperation::kRead, kSize, bytes).error().code == ErrorCode::kInputOutput);
    CHECK(instance.run(BlockOperation::kWrite, kSize, bytes).error().code == ErrorCode::kInputOutput);
    CHECK(instance.run(BlockOperation::kDiscard, kSize, {}, 512).error().code == ErrorCode::kInputOutput);
    REQUIRE(ftruncate(instance.file, 1024) == 0);
    CHECK(instance.run(BlockOperation::kRead, 2048, bytes).error().code == ErrorCode::kInputOutput);
    CHECK(instance.run(BlockOperation::kRead, 512, bytes));
    Instance read_only(true);
    CHECK(read_only.run(BlockOperation::kWrite, 0, bytes).error().code == ErrorCode::kInputOutput);
    CHECK(read_only.run(BlockOperation::kDiscard, 0, {}, 512).error().code == ErrorCode::kInputOutput);
    CHECK(read_only.run(BlockOperation::kRead, 0, bytes));
    CHECK(read_only.device.broken() == nullptr);
}

TEST_CASE("no request is lost between threads that fall asleep and a guest that does") {
    Instance instance;
    std::array<BlockJob, drivers::VirtioBlock::kMostRequests> jobs;
    std::vector<std::byte> bytes(jobs.size() * 512);
    for (unsigned round = 0; round < 300; ++round) {
        const unsigned count = 1 + round * 7 % jobs.size();
        for (unsigned i = 0; i < count; ++i) {
            jobs[i] = {};
            jobs[i].operation = i % 3 == 0 ? BlockOperation::kWrite : BlockOperation::kRead;
            jobs[i].offset = i * 512;
            jobs[i].size = 512;
            jobs[i].buffer = bytes.data() + i * 512;
            REQUIRE(instance.driver->submit(jobs[i]));
            if (i % 5 == 0) instance.driver->kick();
        }
        instance.finish(count);
        for (unsigned i = 0; i < count; ++i) REQUIRE(jobs[i].outcome);
    }
}

TEST_CASE("more requests than there is room for are refused until one is done") {
    Instance instance(false, 0);
    std::array<BlockJob, drivers::VirtioBlock::kMostRequests + 1> jobs;
    for (unsigned i = 0; i < jobs.size(); ++i) {
        jobs[i].operation = BlockOperation::kFlush;
        CHECK(instance.driver->submit(jobs[i]) == (i < drivers::VirtioBlock::kMostRequests));
    }
}

TEST_CASE("a device that breaks the rules is given up, and nothing that it was given is used again") {
    Instance instance(false, 0);
    std::array<BlockJob, 2> jobs;
    for (BlockJob& job : jobs) {
        job.operation = BlockOperation::kFlush;
        REQUIRE(instance.driver->submit(job));
    }
    instance.driver->kick();
    const holm_virtq_used_entry entry{.id = 7, .length = 1};
    std::memcpy(instance.ring.bytes + holm_virtq_used(test::Ring::kSize) + 4, &entry, sizeof entry);
    instance.ring.bytes[holm_virtq_used(test::Ring::kSize) + 2] = std::byte{1};
    CHECK(instance.driver->reap(instance.sink) == 2);
    CHECK(instance.driver->fault() != nullptr);
    for (const BlockJob& job : jobs) {
        CHECK(job.abandoned);
        CHECK(job.outcome.error().code == ErrorCode::kInputOutput);
    }
    BlockJob later;
    CHECK(instance.driver->submit(later));
    CHECK(instance.driver->readiness().readable);
    CHECK(instance.driver->reap(instance.sink) == 1);
    CHECK_FALSE(later.outcome);
    CHECK_FALSE(later.abandoned);
}

TEST_CASE("a status that means nothing, and a read that is too short, are errors") {
    Instance instance(false, 0);
    std::array<std::byte, 512> buffer;
    const auto answer = [&](std::uint16_t index, std::uint32_t length, std::uint8_t status) {
        BlockJob job;
        job.operation = BlockOperation::kRead;
        job.size = buffer.size();
        job.buffer = buffer.data();
        REQUIRE(instance.driver->submit(job));
        instance.driver->kick();
        constexpr std::uint32_t kRing = test::Ring::kSize;
        std::uint16_t head = 0;
        std::memcpy(&head, instance.ring.bytes + holm_virtq_available(kRing) + 4 + 2 * index, sizeof head);
        // The third descriptor of the chain is the status.
        holm_virtq_descriptor descriptor;
        std::memcpy(&descriptor, instance.ring.bytes + 16 * head, sizeof descriptor);
        std::memcpy(&descriptor, instance.ring.bytes + 16 * descriptor.next, sizeof descriptor);
        std::memcpy(&descriptor, instance.ring.bytes + 16 * descriptor.next, sizeof descriptor);
        *reinterpret_cast<std::uint8_t*>(descriptor.address) = status;
        const holm_virtq_used_entry entry{.id = head, .length = length};
        std::memcpy(instance.ring.bytes + holm_virtq_used(kRing) + 4 + 8 * index, &entry, sizeof entry);
        ++index;
        std::memcpy(instance.ring.bytes + holm_virtq_used(kRing) + 2, &index, sizeof index);
        CHECK(instance.driver->reap(instance.sink) == 1);
        return job.outcome;
    };
    CHECK(answer(0, 513, 0));
    CHECK(answer(1, 512, 0).error().code == ErrorCode::kInputOutput);
    CHECK(answer(2, 1, 1).error().code == ErrorCode::kInputOutput);
    CHECK(answer(3, 1, 2).error().code == ErrorCode::kUnsupported);
    CHECK(answer(4, 1, 128).error().code == ErrorCode::kNoSpace);
    CHECK(answer(5, 513, 77).error().code == ErrorCode::kInputOutput);
    CHECK(answer(6, 513, 0xff).error().code == ErrorCode::kInputOutput);
}

TEST_CASE("a device without a cache is not asked to flush it") {
    test::Ring ring;
    test::NotifyCount notifier;
    auto driver = drivers::VirtioBlock::create(
        {.queue = ring.setup(), .geometry = {.size = 4096, .sector_size = 512}, .flushes = false}, notifier);
    REQUIRE(driver);
    BlockJob job;
    job.operation = BlockOperation::kFlush;
    REQUIRE((*driver)->submit(job));
    (*driver)->kick();
    Count sink;
    CHECK((*driver)->reap(sink) == 1);
    CHECK(job.outcome);
    CHECK(notifier.count == 0);
}

TEST_CASE("a device of an impossible shape is refused") {
    test::Ring ring;
    test::NotifyCount notifier;
    const auto shaped = [&](std::uint64_t size, std::uint32_t sector, std::uint32_t piece = 0) {
        return drivers::VirtioBlock::create({.queue = ring.setup(),
                                             .geometry = {.size = size, .sector_size = sector},
                                             .longest_piece = piece},
                                            notifier)
            .has_value();
    };
    CHECK(shaped(4096, 512));
    CHECK(shaped(4096, 4096, 4096));
    CHECK_FALSE(shaped(0, 512));
    CHECK_FALSE(shaped(4096, 0));
    CHECK_FALSE(shaped(4096, 1024));
    CHECK_FALSE(shaped(512, 4096));
    CHECK_FALSE(shaped(~std::uint64_t{511}, 512));
    CHECK_FALSE(shaped(4096, 4096, 512));
    CHECK_FALSE(drivers::VirtioBlock::create(
        {.queue = ring.setup(2), .geometry = {.size = 512, .sector_size = 512}}, notifier));
}

TEST_CASE("what a device says about itself") {
    std::array<std::byte, 60> space{};
    const auto set = [&](std::size_t offset, auto value) {
        std::memcpy(space.data() + offset, &value, sizeof value);
    };
    set(0, std::uint64_t{1000});
    set(8, std::uint32_t{65536});
    set(12, std::uint32_t{1});
    set(20, std::uint32_t{4096});
    set(36, std::uint32_t{2048});
    set(48, std::uint32_t{4096});
    const std::uint64_t all = drivers::choose_virtio_block_features(~std::uint64_t{0});
    const auto block = drivers::parse_virtio_block(space, all);
    REQUIRE(block);
    CHECK(block->sector_size == 4096);
    CHECK(block->sector_count == 125);
    CHECK(block->flags == HOLM_DEVICE_READ_ONLY);
    CHECK(block->features == (HOLM_BLOCK_FLUSH | HOLM_BLOCK_DISCARD | HOLM_BLOCK_WRITE_ZEROES));
    CHECK(block->longest_piece == 65536);
    CHECK(block->longest_discard == 2048 * 512);
    CHECK(block->longest_zeroes == 4096 * 512);
    // Without the features their fields are not there: a legacy device ends after the capacity.
    const auto plain = drivers::parse_virtio_block(Bytes(space).first(8), 0);
    REQUIRE(plain);
    CHECK(plain->sector_size == 512);
    CHECK(plain->sector_count == 1000);
    CHECK(plain->features == 0);
    set(20, std::uint32_t{1024});
    CHECK_FALSE(drivers::parse_virtio_block(space, all));
    set(20, std::uint32_t{512});
    set(8, std::uint32_t{511});
    CHECK_FALSE(drivers::parse_virtio_block(space, all));
    set(8, std::uint32_t{512});
    set(12, std::uint32_t{0});
    CHECK_FALSE(drivers::parse_virtio_block(space, all));
    set(12, std::uint32_t{1});
    CHECK(drivers::parse_virtio_block(space, all));
    set(0, ~std::uint64_t{0});
    CHECK_FALSE(drivers::parse_virtio_block(space, all));
    set(0, std::uint64_t{0});
    CHECK_FALSE(drivers::parse_virtio_block(space, all));
}

TEST_CASE("a chain becomes a command wherever its pieces are cut") {
    Request request;
    request.header = {.type = HOLM_VIRTIO_BLOCK_READ, .reserved = 0, .sector = 3};
    std::array<std::byte, 1025> target{};
    for (std::size_t cut = 1; cut < 16; ++cut)
        for (std::size_t data_cut : {std::size_t{1}, std::size_t{512}, std::size_t{1024}}) {
            auto* const header = reinterpret_cast<std::byte*>(&request.header);
            const auto command = parse({{header, cut},
                                        {header + cut, 16 - cut},
                                        {target.data(), data_cut},
                                        {target.data() + data_cut, 1025 - data_cut}},
                                       2);
            CHECK(command.malformed == nullptr);
            CHECK(command.verdict == HOLM_VIRTIO_BLOCK_OK);
            CHECK(command.offset == 1536);
            CHECK(command.size == 1024);
            CHECK(command.status == reinterpret_cast<std::uint8_t*>(target.data()) + 1024);
            std::size_t sum = 0;
            for (const iovec& piece : command.data) sum += piece.iov_len;
            CHECK(sum == 1024);
        }
}

TEST_CASE("a request outside the device is an error, one without header or status breaks the rules") {
    Request request;
    const auto run = [&](std::uint32_t type, std::uint64_t sector, std::size_t size, bool read_only = false) {
        request.header = {.type = type, .reserved = 0, .sector = sector};
        tender::BlockLimits limits = kLimits;
        limits.read_only = read_only;
        if (type == HOLM_VIRTIO_BLOCK_READ)
            return parse({{&request.header, 16}, {request.data.data(), size}, {&request.status, 1}}, 1,
                         limits)
                .verdict;
        return parse({{&request.header, 16}, {request.data.data(), size}, {&request.status, 1}}, 2, limits)
            .verdict;
    };
    for (const std::uint32_t type : {HOLM_VIRTIO_BLOCK_READ, HOLM_VIRTIO_BLOCK_WRITE}) {
        CHECK(run(type, 127, 512) == HOLM_VIRTIO_BLOCK_OK);
        CHECK(run(type, 127, 1024) == HOLM_VIRTIO_BLOCK_ERROR);
        CHECK(run(type, 128, 512) == HOLM_VIRTIO_BLOCK_ERROR);
        CHECK(run(type, 0, 511) == HOLM_VIRTIO_BLOCK_ERROR);
        CHECK(run(type, std::uint64_t{1} << 55, 512) == HOLM_VIRTIO_BLOCK_ERROR);
        CHECK(run(type, ~std::uint64_t{0}, 512) == HOLM_VIRTIO_BLOCK_ERROR);
    }
    CHECK(run(HOLM_VIRTIO_BLOCK_WRITE, 0, 512, true) == HOLM_VIRTIO_BLOCK_ERROR);
    CHECK(run(HOLM_VIRTIO_BLOCK_READ, 0, 512, true) == HOLM_VIRTIO_BLOCK_OK);
    CHECK(run(8, 0, 512) == HOLM_VIRTIO_BLOCK_UNSUPPORTED);
    CHECK(run(~0u, 0, 512) == HOLM_VIRTIO_BLOCK_UNSUPPORTED);
    CHECK(parse({{&request.header, 15}, {&request.status, 1}}, 1).malformed != nullptr);
    CHECK(parse({{&request.header, 16}}, 1).malformed != nullptr);
    CHECK(parse({{&request.status, 1}}, 0).malformed != nullptr);
}

TEST_CASE("ranges of discard and write-zeroes are bounded as well") {
    Request request;
    const auto run = [&](std::uint64_t sector, std::uint32_t count, bool read_only = false) {
        request.header = {.type = HOLM_VIRTIO_BLOCK_DISCARD, .reserved = 0, .sector = 0};
        request.range = {.sector = sector, .sector_count = count, .flags = 0};
        tender::BlockLimits limits = kLimits;
        limits.read_only = read_only;
        return parse({{&request.header, 16}, {&request.range, 16}, {&request.status, 1}}, 2, limits);
    };
    CHECK(run(1, 2).offset == 512);
    CHECK(run(1, 2).size == 1024);
    CHECK(run(0, 128).verdict == HOLM_VIRTIO_BLOCK_OK);
    CHECK(run(0, 129).verdict == HOLM_VIRTIO_BLOCK_ERROR);
    CHECK(run(128, 1).verdict == HOLM_VIRTIO_BLOCK_ERROR);
    CHECK(run(~std::uint64_t{0}, 2).verdict == HOLM_VIRTIO_BLOCK_ERROR);
    CHECK(run(1, ~0u).verdict == HOLM_VIRTIO_BLOCK_ERROR);
    CHECK(run(0, 1, true).verdict == HOLM_VIRTIO_BLOCK_ERROR);
    CHECK(parse({{&request.header, 16}, {&request.status, 1}}, 1).verdict == HOLM_VIRTIO_BLOCK_UNSUPPORTED);
}
