// The virtio-blk driver beside a device that writes what it likes into the ring and into what it was given.
// Each job comes back exactly once; buffers of abandoned jobs are never freed, as the device may still write
// there.

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "kernel/drivers/block/virtio_block.h"
#include "kernel/drivers/block/virtio_block_features.h"

using namespace holm;
using namespace holm::drivers;

namespace {

constexpr std::uint32_t kSize = 32;
constexpr std::uint64_t kDiskSize = 1 << 20;

struct Silent final : Notifier {
    void notify() override {}
};

struct alignas(16) Ring {
    std::byte bytes[2048]{};
    std::uint16_t get(std::uint32_t offset) const {
        std::uint16_t value;
        std::memcpy(&value, bytes + offset, sizeof value);
        return value;
    }
    void set(std::uint32_t offset, std::uint16_t value) { std::memcpy(bytes + offset, &value, sizeof value); }
    void use(std::uint32_t id, std::uint32_t length) {
        const std::uint16_t index = get(holm_virtq_used(kSize) + 2);
        const holm_virtq_used_entry entry{id, length};
        std::memcpy(bytes + holm_virtq_used(kSize) + 4 + sizeof entry * (index % kSize), &entry,
                    sizeof entry);
        set(holm_virtq_used(kSize) + 2, std::uint16_t(index + 1));
    }
};

// Its memory stays, for this device writes to what it was given once, even when it has given it back.
struct OwnedJob final : BlockJob {
    OwnedJob() { buffer = memory.get(); }
    std::unique_ptr<std::byte[]> memory{new std::byte[1024]()};
    bool in_flight = false;
};

struct Sink final : BlockSink {
    void finished(BlockJob& job) override {
        auto& done = static_cast<OwnedJob&>(job);
        if (!done.in_flight) abort();
        done.in_flight = false;
        --in_flight;
        // Read where the device may have written.
        for (std::size_t i = 0; i < done.size; ++i) sum += unsigned(done.buffer[i]);
    }
    unsigned sum = 0;
    unsigned in_flight = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    (void)parse_virtio_block(std::as_bytes(std::span(data, size)), choose_virtio_block_features(size));
    std::size_t at = 0;
    const auto next = [&]() -> std::uint8_t { return at < size ? data[at++] : 0; };
    const auto next16 = [&] { return std::uint16_t(next() | next() << 8); };
    Ring ring;
    Silent silent;
    Sink sink;
    std::vector<std::unique_ptr<OwnedJob>> jobs;  // all that ever were
    BlockGeometry geometry{.size = kDiskSize, .sector_size = 512};
    geometry.discards = geometry.writes_zeroes = true;
    geometry.longest_range = kDiskSize;
    auto driver = *VirtioBlock::create(
        {.queue = {.memory = ring.bytes, .size = kSize, .bus_offset = 0, .event_index = (next() & 1) != 0},
         .geometry = geometry},
        silent);
    std::uint16_t taken = 0;
    bool tampered = false;  // the ring was written to at random, so addresses in it mean nothing any more
    while (at < size) {
        switch (next() % 8) {
            case 0:
            case 1: {
                const std::uint8_t what = next();
                auto job = std::make_unique<OwnedJob>();
                job->operation = static_cast<BlockOperation>(what % 5);
                job->size = job->operation == BlockOperation::kFlush ? 0 : 512u * (1 + (what >> 7));
                job->offset = next() * 512u;
                if (!driver->submit(*job)) break;
                job->in_flight = true;
                jobs.push_back(std::move(job));
                ++sink.in_flight;
                break;
            }
            case 2:
                driver->kick();
                break;
            case 3:
            case 4: {  // a request is answered properly, but for what the answer is
                if (taken == ring.get(holm_virtq_available(kSize) + 2)) break;
                const std::uint16_t head =
                    ring.get(holm_virtq_available(kSize) + 4 + 2 * (taken++ % kSize)) % kSize;
                holm_virtq_descriptor descriptor;
                std::uint32_t writable = 0;
                std::uint16_t number = head;
                const std::uint8_t how = next();
                for (unsigned steps = 0; steps < 3; ++steps) {
                    std::memcpy(&descriptor, ring.bytes + sizeof descriptor * (number % kSize),
                                sizeof descriptor);
                    if (tampered || descriptor.address == 0) break;
                    if ((descriptor.flags & HOLM_VIRTQ_WRITE) != 0) {
                        std::memset(reinterpret_cast<void*>(descriptor.address), how & 15, descriptor.size);
                        writable += descriptor.size;
                    }
                    if ((descriptor.flags & HOLM_VIRTQ_NEXT) == 0) break;
                    number = descriptor.next;
                }
                ring.use(head, how & 0x80 ? next16() : writable);
                break;
            }
            case 5:
                ring.use(next() % (kSize + 1), next16() % 2048);
                break;
            case 6:
                ring.set(next16() % (holm_virtq_bytes(kSize) - 1), next16());
                tampered = true;
                break;
            case 7:
                driver->reap(sink);
                driver->readiness();
                if (driver->fault() != nullptr && sink.in_flight != 0) driver->reap(sink);
                if (driver->fault() != nullptr && sink.in_flight != 0) abort();
                break;
        }
    }
    driver->reap(sink);
    return 0;
}
