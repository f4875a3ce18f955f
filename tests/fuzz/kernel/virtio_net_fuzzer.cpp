// The virtio-net driver beside a device that writes what it likes into rings and receive buffers: frames lie
// inside of the driver's memory (the sink reads all of them under ASan), and what somebody retains is
// released in any order.

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "kernel/drivers/net/virtio_net.h"

using namespace holm;
using namespace holm::drivers;

namespace {

constexpr std::uint32_t kSize = 16;

struct Silent final : Notifier {
    void notify() override {}
};

struct Sink final : FrameSink {
    void receive(const net::ReceivedFrame& frame) override {
        for (const std::byte byte : frame.bytes) sum += unsigned(byte);
        if (frame.bytes.size() > 14 + 65'535) abort();
        if (!keep || frame.owner == nullptr) return;
        frame.owner->retain();
        owners.push_back(frame.owner);
    }
    unsigned sum = 0;
    bool keep = false;
    std::vector<net::BufferOwner*> owners;
};

struct alignas(16) Ring {
    std::byte bytes[1024]{};
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
    std::uint16_t available(std::uint16_t index) const {
        return get(holm_virtq_available(kSize) + 4 + 2 * (index % kSize));
    }
};
static_assert(sizeof(Ring::bytes) >= 16 * kSize + 6 + 2 * kSize + 64 + 6 + 8 * kSize);

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::size_t at = 0;
    const auto next = [&]() -> std::uint8_t { return at < size ? data[at++] : 0; };
    const auto next16 = [&] { return std::uint16_t(next() | next() << 8); };
    Ring receive, transmit;
    Silent silent;
    const std::uint64_t features = choose_virtio_net_features(next16() | std::uint64_t{next()} << 16);
    const bool event_index = (next() & 1) != 0;
    auto driver = *VirtioNet::create(
        {.receive = {.memory = receive.bytes, .size = kSize, .bus_offset = 0, .event_index = event_index},
         .transmit = {.memory = transmit.bytes, .size = kSize, .bus_offset = 0, .event_index = event_index},
         .features = features,
         .mtu = 1500},
        silent, silent);
    net::OutgoingReferences references;
    driver->set_references(references);
    driver->start();
    Sink sink;
    std::uint16_t taken = 0, sent = 0;
    while (at < size) {
        switch (next() % 8) {
            case 0:
            case 1: {  // a receive buffer is used properly, but for what stands in it
                if (taken == receive.get(holm_virtq_available(kSize) + 2)) break;
                const std::uint16_t head = receive.available(taken++);
                holm_virtq_descriptor descriptor;
                std::memcpy(&descriptor, receive.bytes + sizeof descriptor * (head % kSize),
                            sizeof descriptor);
                if (head >= kSize || descriptor.size == 0) break;
                auto* const buffer = reinterpret_cast<std::uint8_t*>(descriptor.address);
                const std::uint8_t how = next();
                std::memset(buffer, 0, 12);
                buffer[10] = how & 1 ? std::uint8_t(next() % 20) : 1;
                if (how & 2) buffer[next() % 12] = next();
                receive.use(head, how & 4 ? next16() : how & 8 ? descriptor.size : 12u + next());
                break;
            }
            case 2:
                receive.use(next() % (kSize + 1), next16());
                break;
            case 3: {
                if (sent == transmit.get(holm_virtq_available(kSize) + 2)) break;
                transmit.use(transmit.available(sent++), next() % 64 == 0 ? 1 : 0);
                break;
            }
            case 4: {
                static std::array<std::byte, 300 * 16> payload{};
                const Bytes pieces[] = {Bytes(payload).first(next()), Bytes(payload).first(next() * 16u)};
                net::Offload offload;
                offload.payload_stays = (next() & 1) != 0;
                if (driver->transmit({pieces, offload}) == net::TransmitResult::kGone && !driver->gone())
                    abort();
                if (next() & 1) driver->publish();
                break;
            }
            case 5:
                sink.keep = (next() & 1) != 0;
                if (driver->receive(sink) > NetDriver::kBatch) abort();
                break;
            case 6:
                driver->readiness();
                if (next() == 0) transmit.set(next16() % (holm_virtq_bytes(kSize) - 1), next16());
                break;
            case 7:
                if (sink.owners.empty()) break;
                std::swap(sink.owners[next() % sink.owners.size()], sink.owners.back());
                sink.owners.back()->release();
                sink.owners.pop_back();
                break;
        }
    }
    for (net::BufferOwner* owner : sink.owners) owner->release();
    sink.owners.clear();
    // A device that is gone holds nothing any more.
    driver->receive(sink);
    if (driver->gone() && references.settled() != references.issued()) abort();
    for (net::BufferOwner* owner : sink.owners) owner->release();
    return 0;
}
