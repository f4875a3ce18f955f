#include "net/wire/virtio_net.h"

#include <bit>

#include "net/wire/layout.h"

namespace holm::net::wire {

namespace {

constexpr std::uint8_t kFlagNeedsChecksum = 1;
constexpr std::uint8_t kFlagDataValid = 2;
constexpr std::uint8_t kSegmentationEcn = 0x80;  // the segments carry CWR on the first one only

static_assert(std::endian::native == std::endian::little);

class LittleU16 {
  public:
    LittleU16() = default;
    LittleU16(std::uint16_t value) : low_(std::uint8_t(value)), high_(std::uint8_t(value >> 8)) {}  // NOLINT
    operator std::uint16_t() const { return std::uint16_t(low_ | high_ << 8); }                     // NOLINT

  private:
    std::uint8_t low_ = 0, high_ = 0;
};

struct Layout {
    std::uint8_t flags;
    std::uint8_t segmentation;
    LittleU16 header_length;
    LittleU16 segment_size;
    LittleU16 checksum_start;
    LittleU16 checksum_offset;
    LittleU16 buffers;  // received, and merged from several buffers: how many; else 0 or 1
};
static_assert(sizeof(Layout) == kVirtioNetHeaderSize);

bool is_known(std::uint8_t segmentation) {
    switch (Segmentation(segmentation)) {
        case Segmentation::kNone:
        case Segmentation::kTcp4:
        case Segmentation::kUdp:
        case Segmentation::kTcp6:
        case Segmentation::kUdpSegments:
            return true;
    }
    return false;
}

}  // namespace

Parsed<Offload> parse_virtio_net(Bytes header, std::size_t frame_size) {
    if (header.size() < kVirtioNetHeaderSize) return std::unexpected(Drop::kTruncated);
    const auto raw = load<Layout>(header);
    Offload offload;
    offload.checksum_valid = (raw.flags & kFlagDataValid) != 0;
    if ((raw.flags & kFlagNeedsChecksum) != 0) {
        if (std::size_t{raw.checksum_start} + raw.checksum_offset + 2 > frame_size)
            return std::unexpected(Drop::kBadLength);
        offload.needs_checksum = true;
        offload.checksum_start = raw.checksum_start;
        offload.checksum_offset = raw.checksum_offset;
    }
    const std::uint8_t segmentation = raw.segmentation & std::uint8_t(~kSegmentationEcn);
    if (!is_known(segmentation)) return std::unexpected(Drop::kBadOption);
    offload.segmentation = Segmentation(segmentation);
    if (offload.segmentation != Segmentation::kNone) {
        // Linux puts the length of its own linear part into header_length: a hint, not a fact. Not used on
        // receive.
        if (raw.segment_size == 0) return std::unexpected(Drop::kBadLength);
        offload.segment_size = raw.segment_size;
    }
    return offload;
}

std::uint16_t virtio_net_buffers(Bytes header) {
    return load<Layout>(header).buffers;
}

void emit_virtio_net(const Offload& offload, MutableBytes header) {
    Layout raw{};
    if (offload.needs_checksum) {
        raw.flags = kFlagNeedsChecksum;
        raw.checksum_start = offload.checksum_start;
        raw.checksum_offset = offload.checksum_offset;
    }
    raw.segmentation = std::uint8_t(offload.segmentation);
    if (offload.segmentation != Segmentation::kNone) {
        raw.header_length = offload.header_length;
        raw.segment_size = offload.segment_size;
    }
    store(header, raw);
}

}  // namespace holm::net::wire
