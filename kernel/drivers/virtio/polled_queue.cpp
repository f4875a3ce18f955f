#include "kernel/drivers/virtio/polled_queue.h"

#include <atomic>
#include <cstring>

#include "abi/virtqueue.h"

namespace holm::drivers {

Result<std::uint32_t> PolledQueue::request(std::span<const Piece> pieces) {
    constexpr std::uint64_t kPatience = 100'000'000;  // looks; a tenth of a second or more
    if (pieces.empty() || pieces.size() > kSize)
        return fail(ErrorCode::kInvalid, "a request of too many pieces");
    std::uint64_t writable = 0;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const bool last = i + 1 == pieces.size();
        const holm_virtq_descriptor descriptor{
            .address = pieces[i].address,
            .size = pieces[i].size,
            .flags = static_cast<std::uint16_t>((last ? 0 : HOLM_VIRTQ_NEXT) |
                                                (pieces[i].for_device_to_write ? HOLM_VIRTQ_WRITE : 0)),
            .next = static_cast<std::uint16_t>(last ? 0 : i + 1),
        };
        std::memcpy(memory_ + i * sizeof descriptor, &descriptor, sizeof descriptor);
        if (pieces[i].for_device_to_write) writable += pieces[i].size;
    }
    const auto word = [&](std::uint32_t offset) {
        return std::atomic_ref(*reinterpret_cast<std::uint16_t*>(memory_ + offset));
    };
    // The chain begins at descriptor 0, every time.
    word(holm_virtq_available(kSize) + 4 + 2 * (done_ % kSize)).store(0);
    word(holm_virtq_available(kSize) + 2).store(static_cast<std::uint16_t>(done_ + 1));
    std::atomic_thread_fence(std::memory_order_seq_cst);
    doorbell_.write32(0, value_);
    for (std::uint64_t i = 0; i < kPatience; ++i) {
        if (word(holm_virtq_used(kSize) + 2).load() == done_) continue;
        holm_virtq_used_entry entry;
        std::memcpy(&entry, memory_ + holm_virtq_used(kSize) + 4 + sizeof entry * (done_ % kSize),
                    sizeof entry);
        ++done_;
        if (entry.id != 0 || entry.length > writable)
            return fail(ErrorCode::kProtocol, "it answers what it was not asked");
        return entry.length;
    }
    return fail(ErrorCode::kTimedOut, "it does not answer");
}

}  // namespace holm::drivers
