#include "net/link/loopback.h"

#include <algorithm>
#include <cstring>

namespace holm::net::link {

TransmitResult LoopbackDevice::transmit(const OutgoingFrame& frame) {
    std::size_t size = 0;
    for (const Bytes piece : frame.pieces) size += piece.size();
    const MutableBytes record = queue_.push(sizeof(Offload) + size);
    if (record.empty()) return TransmitResult::kFull;
    std::memcpy(record.data(), &frame.offload, sizeof(Offload));
    auto to = record.begin() + sizeof(Offload);
    for (const Bytes piece : frame.pieces) to = std::copy(piece.begin(), piece.end(), to);
    return TransmitResult::kSent;
}

ReceivedFrame LoopbackDevice::front() {
    const Bytes record = queue_.front();
    ReceivedFrame frame;
    std::memcpy(&frame.offload, record.data(), sizeof(Offload));
    frame.bytes = record.subspan(sizeof(Offload));
    return frame;
}

}  // namespace holm::net::link
