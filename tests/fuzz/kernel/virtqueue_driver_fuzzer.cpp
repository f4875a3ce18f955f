// The driver's side of a virtqueue beside a device that writes what it likes into the ring. What is taken was
// given, once; no more bytes than there was room for; and a broken device stays broken.

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "kernel/drivers/virtio/virtqueue.h"

using namespace holm;
using namespace holm::drivers;

namespace {

constexpr std::uint32_t kSize = 8;

struct Silent final : Notifier {
    void notify() override {}
};

struct Given {
    std::uint32_t writable = 0;
    bool published = false;
    bool taken = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    alignas(16) static std::array<std::byte, 512> ring;
    static_assert(ring.size() % 16 == 0);
    ring.fill({});
    static std::array<std::byte, 256> memory;
    std::size_t at = 0;
    const auto next = [&]() -> std::uint8_t { return at < size ? data[at++] : 0; };

    Silent notifier;
    auto queue = *Virtqueue::create(
        {.memory = ring.data(), .size = kSize, .bus_offset = 0, .event_index = (next() & 1) != 0}, notifier);
    std::vector<Given> given;
    while (at < size) {
        switch (next() % 5) {
            case 0: {  // a chain of some pieces, empty ones among them
                std::array<Bytes, 3> readable;
                std::array<MutableBytes, 3> writable;
                std::uint32_t room = 0;
                std::uint32_t pieces = 0;
                for (Bytes& piece : readable) piece = Bytes(memory).first(next() % 4);
                for (MutableBytes& piece : writable) {
                    piece = MutableBytes(memory).first(next() % 4);
                    room += std::uint32_t(piece.size());
                }
                for (const Bytes piece : readable) pieces += piece.empty() ? 0 : 1;
                for (const MutableBytes piece : writable) pieces += piece.empty() ? 0 : 1;
                if (pieces == 0) break;
                const bool fits = pieces <= queue->free_descriptors() && queue->broken() == nullptr;
                if (queue->add(readable, writable, given.size()) != fits) abort();
                if (fits) given.push_back({room});
                break;
            }
            case 1:
                queue->publish();
                if (queue->broken() == nullptr)
                    for (Given& chain : given) chain.published = true;
                break;
            case 2: {
                const bool was_broken = queue->broken() != nullptr;
                const auto done = queue->take();
                if (!done) break;
                if (was_broken || done->token >= given.size()) abort();
                Given& chain = given[done->token];
                if (!chain.published || chain.taken || done->length > chain.writable) abort();
                chain.taken = true;
                break;
            }
            case 3:  // the device writes a byte somewhere
                ring[(next() | (next() & 1) << 8) % holm_virtq_bytes(kSize)] = std::byte{next()};
                break;
            case 4: {  // the device is done with something, perhaps properly
                std::uint16_t index;
                std::byte* const used = ring.data() + holm_virtq_used(kSize);
                std::memcpy(&index, used + 2, sizeof index);
                const holm_virtq_used_entry entry{next() % (kSize + 1), next() % 16u};
                std::memcpy(used + 4 + sizeof entry * (index % kSize), &entry, sizeof entry);
                ++index;
                std::memcpy(used + 2, &index, sizeof index);
                break;
            }
        }
        if (queue->free_descriptors() > kSize || queue->in_flight() > kSize) abort();
    }
    return 0;
}
