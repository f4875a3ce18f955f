#include "tender/devices/block_command.h"

#include <cstring>

namespace holm::tender {
namespace {

// Moves bytes from the front of the pieces to `to`; what is left of the pieces stays. Precondition: they have
// so many.
std::span<iovec> take_front(std::span<iovec> pieces, void* to, std::size_t size) {
    auto* at = static_cast<std::byte*>(to);
    while (size != 0) {
        iovec& first = pieces.front();
        const std::size_t now = size < first.iov_len ? size : first.iov_len;
        std::memcpy(at, first.iov_base, now);
        at += now;
        size -= now;
        first.iov_base = static_cast<std::byte*>(first.iov_base) + now;
        first.iov_len -= now;
        if (first.iov_len == 0) pieces = pieces.subspan(1);
    }
    return pieces;
}

// Cuts the last byte off.
std::uint8_t* take_last(std::span<iovec>& pieces) {
    iovec& last = pieces.back();
    last.iov_len--;
    auto* const byte = static_cast<std::uint8_t*>(last.iov_base) + last.iov_len;
    if (last.iov_len == 0) pieces = pieces.first(pieces.size() - 1);
    return byte;
}

bool is_within(std::uint64_t sector, std::uint64_t size, const BlockLimits& limits) {
    if (sector > limits.size / HOLM_VIRTIO_BLOCK_SECTOR) return false;
    const std::uint64_t offset = sector * HOLM_VIRTIO_BLOCK_SECTOR;
    return offset <= limits.size && size <= limits.size - offset && (offset | size) % limits.sector_size == 0;
}

class Parser {
  public:
    Parser(std::span<iovec> pieces, const Virtqueue::Chain& chain, const BlockLimits& limits)
        : readable_(pieces.first(chain.readable)),
          writable_(pieces.subspan(chain.readable, chain.writable)),
          chain_(chain),
          limits_(limits) {}

    BlockCommand run() {
        if (chain_.readable_size < sizeof(holm_virtio_block_header))
            return malformed("a request is shorter than its header");
        if (chain_.writable_size == 0) return malformed("a request has no room for its status");
        command_.status = take_last(writable_);
        holm_virtio_block_header header;
        readable_ = take_front(readable_, &header, sizeof header);
        command_.type = header.type;
        switch (header.type) {
            case HOLM_VIRTIO_BLOCK_READ:
                return transfer(header.sector, writable_, chain_.writable_size - 1);
            case HOLM_VIRTIO_BLOCK_WRITE:
                if (limits_.read_only) return refuse(HOLM_VIRTIO_BLOCK_ERROR);
                return transfer(header.sector, readable_,
                                chain_.readable_size - std::uint32_t{sizeof header});
            case HOLM_VIRTIO_BLOCK_FLUSH:
                return command_;
            case HOLM_VIRTIO_BLOCK_DISCARD:
            case HOLM_VIRTIO_BLOCK_WRITE_ZEROES:
                return range();
            default:
                return refuse(HOLM_VIRTIO_BLOCK_UNSUPPORTED);
        }
    }

  private:
    BlockCommand malformed(const char* why) {
        command_.malformed = why;
        return command_;
    }
    BlockCommand refuse(holm_virtio_block_status status) {
        command_.verdict = status;
        return command_;
    }
    BlockCommand transfer(std::uint64_t sector, std::span<iovec> data, std::uint32_t size) {
        if (!is_within(sector, size, limits_)) return refuse(HOLM_VIRTIO_BLOCK_ERROR);
        command_.offset = sector * HOLM_VIRTIO_BLOCK_SECTOR;
        command_.size = size;
        command_.data = data;
        return command_;
    }
    // One range; we offer no more.
    BlockCommand range() {
        holm_virtio_block_range range;
        constexpr std::uint32_t kSize = sizeof(holm_virtio_block_header) + sizeof range;
        if (chain_.readable_size != kSize) return refuse(HOLM_VIRTIO_BLOCK_UNSUPPORTED);
        take_front(readable_, &range, sizeof range);
        const std::uint64_t size = std::uint64_t{range.sector_count} * HOLM_VIRTIO_BLOCK_SECTOR;
        if (limits_.read_only || !is_within(range.sector, size, limits_))
            return refuse(HOLM_VIRTIO_BLOCK_ERROR);
        command_.offset = range.sector * HOLM_VIRTIO_BLOCK_SECTOR;
        command_.size = size;
        return command_;
    }

    std::span<iovec> readable_;
    std::span<iovec> writable_;
    const Virtqueue::Chain& chain_;
    const BlockLimits& limits_;
    BlockCommand command_;
};

}  // namespace

BlockCommand parse_block_command(std::span<iovec> pieces, const Virtqueue::Chain& chain,
                                 const BlockLimits& limits) {
    return Parser(pieces, chain, limits).run();
}

}  // namespace holm::tender
