#include "kernel/panic/backtrace.h"

#include <algorithm>
#include <cstring>

namespace holm {

// A larger step up is no frame but a frame pointer that was overwritten.
static constexpr std::uint64_t kLargestFrame = 1 << 20;

std::size_t backtrace(std::uint64_t frame_pointer, std::span<const AddressRange> readable, AddressRange text,
                      std::span<std::uint64_t> addresses) {
    struct Frame {
        std::uint64_t next;
        std::uint64_t return_address;
    };
    std::size_t count = 0;
    while (count < addresses.size()) {
        const bool can_be_read = std::ranges::any_of(readable, [&](const AddressRange& range) {
            return range.contains(frame_pointer, sizeof(Frame));
        });
        if (frame_pointer % 8 != 0 || !can_be_read) break;
        Frame frame;
        std::memcpy(&frame, reinterpret_cast<const void*>(frame_pointer), sizeof frame);
        if (!text.contains(frame.return_address)) break;
        addresses[count++] = frame.return_address;
        if (frame.next <= frame_pointer || frame.next - frame_pointer > kLargestFrame) break;
        frame_pointer = frame.next;
    }
    return count;
}

}  // namespace holm
