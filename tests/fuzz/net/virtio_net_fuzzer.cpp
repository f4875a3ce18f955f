// Whatever a device says about a frame: what is accepted lies inside of it.

#include <cstdint>
#include <cstdlib>

#include "net/wire/virtio_net.h"

using namespace holm;
using namespace holm::net;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes input = std::as_bytes(std::span(data, size));
    const Bytes header = input.first(std::min(size, wire::kVirtioNetHeaderSize));
    const std::size_t frame = size - header.size();
    const auto offload = wire::parse_virtio_net(header, frame);
    if (!offload) return 0;
    if (offload->needs_checksum &&
        std::size_t{offload->checksum_start} + offload->checksum_offset + 2 > frame)
        abort();
    if ((offload->segmentation != Segmentation::kNone) != (offload->segment_size != 0)) abort();
    std::byte again[wire::kVirtioNetHeaderSize];
    wire::emit_virtio_net(*offload, again);
    const auto second = wire::parse_virtio_net(again, frame);
    if (!second || second->segmentation != offload->segmentation ||
        second->needs_checksum != offload->needs_checksum)
        abort();
    return 0;
}
