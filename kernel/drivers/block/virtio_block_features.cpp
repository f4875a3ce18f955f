#include "kernel/drivers/block/virtio_block_features.h"

#include <cstring>

#include "abi/virtio_block.h"

namespace holm::drivers {
namespace {

// Offsets in struct virtio_blk_config.
constexpr std::size_t kCapacity = 0;
constexpr std::size_t kSizeMax = 8;
constexpr std::size_t kSegMax = 12;
constexpr std::size_t kBlkSize = 20;
constexpr std::size_t kMaxDiscardSectors = 36;
constexpr std::size_t kMaxWriteZeroesSectors = 48;

template <typename T>
T field(Bytes configuration, std::size_t offset) {
    T value = 0;
    if (offset + sizeof value <= configuration.size())
        std::memcpy(&value, configuration.data() + offset, sizeof value);
    return value;
}

std::uint64_t bytes_of_sectors(std::uint32_t sectors) {
    return std::uint64_t{sectors} * HOLM_VIRTIO_BLOCK_SECTOR;
}

}  // namespace

Result<holm_boot_block> parse_virtio_block(Bytes configuration, std::uint64_t features) {
    const auto has = [&](VirtioBlockFeature feature) { return (features & feature) != 0; };
    holm_boot_block block{};
    block.sector_size = HOLM_VIRTIO_BLOCK_SECTOR;
    if (has(kVirtioBlockBlkSize)) block.sector_size = field<std::uint32_t>(configuration, kBlkSize);
    if (block.sector_size != 512 && block.sector_size != 4096)
        return fail(ErrorCode::kInvalid, "its sectors have neither 512 nor 4096 bytes");
    const std::uint32_t small_sectors = block.sector_size / HOLM_VIRTIO_BLOCK_SECTOR;
    const auto capacity = field<std::uint64_t>(configuration, kCapacity);
    block.sector_count = capacity / small_sectors;
    if (block.sector_count == 0) return fail(ErrorCode::kInvalid, "it has no sectors");
    if (capacity > (~std::uint64_t{0} >> 1) / HOLM_VIRTIO_BLOCK_SECTOR)
        return fail(ErrorCode::kInvalid, "it claims more than 2^63 bytes");
    if (has(kVirtioBlockReadOnly)) block.flags |= HOLM_DEVICE_READ_ONLY;
    if (has(kVirtioBlockSizeMax)) {
        block.longest_piece = field<std::uint32_t>(configuration, kSizeMax);
        if (block.longest_piece < block.sector_size)
            return fail(ErrorCode::kInvalid, "it takes no buffer of a whole sector");
    }
    // A request of ours has one buffer for its data.
    if (has(kVirtioBlockSegMax) && field<std::uint32_t>(configuration, kSegMax) == 0)
        return fail(ErrorCode::kInvalid, "its requests have no room for data");
    if (has(kVirtioBlockFlush)) block.features |= HOLM_BLOCK_FLUSH;
    if (has(kVirtioBlockDiscard)) {
        block.longest_discard = bytes_of_sectors(field<std::uint32_t>(configuration, kMaxDiscardSectors));
        if (block.longest_discard >= block.sector_size) block.features |= HOLM_BLOCK_DISCARD;
    }
    if (has(kVirtioBlockWriteZeroes)) {
        block.longest_zeroes = bytes_of_sectors(field<std::uint32_t>(configuration, kMaxWriteZeroesSectors));
        if (block.longest_zeroes >= block.sector_size) block.features |= HOLM_BLOCK_WRITE_ZEROES;
    }
    return block;
}

}  // namespace holm::drivers
