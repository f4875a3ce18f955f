// The device's side of a virtqueue beside a guest that writes what it likes into the ring: every piece lies
// inside of the guest's memory, chains are bounded, and a broken queue stays broken.

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "tender/devices/virtqueue.h"
#include "tests/unit/tender/virtio/support.h"

using namespace holm;
using namespace holm::tender;

namespace {

constexpr std::uint32_t kSize = 16;
constexpr std::uint64_t kStart = 0x1000;
constexpr std::uint64_t kMemorySize = 4096;
constexpr std::uint64_t kReadOnly = 1024;  // of the memory: bytes in front that the guest may not write
constexpr std::uint64_t kRing = 2048;      // where the ring begins

void check(std::span<const iovec> pieces, const Virtqueue::Chain& chain, const std::byte* start) {
    if (chain.readable + chain.writable == 0 || chain.readable + chain.writable > int(kSize)) abort();
    if (chain.head >= kSize) abort();
    std::uint64_t readable = 0;
    std::uint64_t writable = 0;
    for (std::size_t i = 0; i < std::size_t{chain.readable} + chain.writable; ++i) {
        const auto* const first = static_cast<const std::byte*>(pieces[i].iov_base);
        if (pieces[i].iov_len == 0 || first < start || first + pieces[i].iov_len > start + kMemorySize)
            abort();
        if (i >= chain.readable && first < start + kReadOnly) abort();
        (i < chain.readable ? readable : writable) += pieces[i].iov_len;
    }
    if (readable != chain.readable_size || writable != chain.writable_size) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    alignas(64) static std::array<std::byte, kMemorySize> bytes;
    bytes.fill({});
    const test::SomeMemory memory(bytes, kStart, kReadOnly);
    std::byte* const ring = bytes.data() + kRing;
    Virtqueue queue(ring, kSize, memory);
    std::array<iovec, Virtqueue::kMaximumPieces> pieces;
    Virtqueue::Chain chain;
    std::size_t at = 0;
    const auto next = [&]() -> std::uint8_t { return at < size ? data[at++] : 0; };
    const auto next16 = [&] { return std::uint16_t(next() | next() << 8); };
    const auto set = [&](std::uint32_t offset, std::uint16_t value) {
        std::memcpy(ring + offset, &value, 2);
    };

    std::uint16_t index = 0;
    while (at < size) {
        switch (next() % 7) {
            case 0: {  // a descriptor, often a good one
                const std::uint8_t how = next();
                const holm_virtq_descriptor descriptor{
                    .address = kStart + (how & 0x80 ? next16() * 0x1'0001'0001ull : next16() % kMemorySize),
                    .size = how & 0x40 ? next16() * 0x1'0001u : next() + 1u,
                    .flags = how & 0x20 ? next16() : std::uint16_t(how & 3),
                    .next = how & 0x10 ? next16() : std::uint16_t(next() % kSize)};
                std::memcpy(ring + sizeof descriptor * (next() % kSize), &descriptor, sizeof descriptor);
                break;
            }
            case 1:  // publish
                set(holm_virtq_available(kSize) + 4 + 2 * (index % kSize), next() % (kSize + 1));
                set(holm_virtq_available(kSize) + 2, ++index);
                break;
            case 2:  // any word of the ring
                set(next16() % (holm_virtq_bytes(kSize) - 1), next16());
                break;
            case 3:
            case 4: {
                const bool was_broken = queue.broken() != nullptr;
                if (!queue.next(pieces, chain)) break;
                if (was_broken || queue.broken() != nullptr) abort();
                check(pieces, chain, bytes.data());
                queue.put(chain.head, next16());
                break;
            }
            case 5:
                queue.publish();
                break;
            case 6:
                queue.notify_after(next());
                break;
        }
    }
    return 0;
}
