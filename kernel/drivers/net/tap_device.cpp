#include "kernel/drivers/net/tap_device.h"

#include <algorithm>
#include <cerrno>
#include <new>

#include <sys/uio.h>

#include "net/ip/output.h"
#include "net/wire/virtio_net.h"

namespace holm::drivers {

namespace {

constexpr std::size_t kHeader = net::wire::kVirtioNetHeaderSize;

// In front of the header, so that the IP header lies at a multiple of 32: 6 + 12 + 14.
constexpr std::size_t kHeadroom = 6;

// The interface behind the tap has been deleted; a tap whose interface is down says EIO, and comes back.
bool means_gone(long result) {
    return result == -EBADFD || result == -EBADF || result == -ENODEV;
}

}  // namespace

unsigned TapDevice::receive(FrameSink& sink) {
    if (gone_) return 0;
    unsigned frames = 0;
    while (frames < kBatch) {
        const auto landing = landing_.acquire();
        if (landing.bytes.empty()) break;
        const MutableBytes into = landing.bytes.subspan(kHeadroom);
        const long size = gate_.read(handle_, into);
        if (size <= 0) {
            gone_ = means_gone(size);
            break;
        }
        ++frames;
        const Bytes received = Bytes(into).first(std::size_t(size));
        if (received.size() <= kHeader) continue;
        const Bytes frame = received.subspan(kHeader);
        const auto offload = net::wire::parse_virtio_net(received.first(kHeader), frame.size());
        if (!offload) continue;
        sink.receive({frame, *offload, landing.owner});
    }
    return frames;
}

net::TransmitResult TapDevice::transmit(const net::OutgoingFrame& frame) {
    if (gone_) return net::TransmitResult::kGone;
    const long result = write(frame);
    full_ = result == -EAGAIN;
    if (full_) return net::TransmitResult::kFull;
    if (means_gone(result)) {
        gone_ = true;
        return net::TransmitResult::kGone;
    }
    return net::TransmitResult::kSent;  // or lost, as frames may be: the interface is down, the host has no
                                        // memory
}

long TapDevice::write(const net::OutgoingFrame& frame) {
    std::size_t size = kHeader;
    for (const Bytes piece : frame.pieces) size += piece.size();
    if (!gather_) gather_.reset(new (std::nothrow) std::byte[kCopyLimit]);
    if (size <= kCopyLimit && gather_) {
        net::wire::emit_virtio_net(frame.offload, MutableBytes(gather_.get(), kHeader));
        std::byte* to = gather_.get() + kHeader;
        for (const Bytes piece : frame.pieces) to = std::copy(piece.begin(), piece.end(), to);
        return gate_.write(handle_, Bytes(gather_.get(), size));
    }
    std::byte header[kHeader];
    net::wire::emit_virtio_net(frame.offload, header);
    iovec pieces[2 + net::ip::kMaximumPayloadPieces];
    int count = 0;
    pieces[count++] = {header, kHeader};
    for (const Bytes piece : frame.pieces)
        pieces[count++] = {const_cast<std::byte*>(piece.data()), piece.size()};
    return gate_.writev(handle_, pieces, count);
}

}  // namespace holm::drivers
