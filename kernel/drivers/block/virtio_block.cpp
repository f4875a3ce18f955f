#include "kernel/drivers/block/virtio_block.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <new>

namespace holm::drivers {
namespace {

constexpr std::uint32_t kDescriptorsOfRequest = 3;  // header, data, status
constexpr std::uint8_t kNoStatus = 0xff;
constexpr std::uint32_t kMayFree = 1;  // holm_virtio_block_range.flags

Bytes bytes_of(const auto& value) {
    return std::as_bytes(std::span(&value, 1));
}

std::uint32_t type_of(BlockOperation operation) {
    switch (operation) {
        case BlockOperation::kRead:
            return HOLM_VIRTIO_BLOCK_READ;
        case BlockOperation::kWrite:
            return HOLM_VIRTIO_BLOCK_WRITE;
        case BlockOperation::kFlush:
            return HOLM_VIRTIO_BLOCK_FLUSH;
        case BlockOperation::kDiscard:
            return HOLM_VIRTIO_BLOCK_DISCARD;
        case BlockOperation::kWriteZeroes:
            return HOLM_VIRTIO_BLOCK_WRITE_ZEROES;
    }
    return HOLM_VIRTIO_BLOCK_FLUSH;
}

bool is_possible(const BlockGeometry& geometry) {
    const std::uint32_t sector = geometry.sector_size;
    return (sector == 512 || sector == 4096) && geometry.size != 0 && geometry.size % sector == 0 &&
           geometry.size <= ~std::uint64_t{0} >> 1;
}

}  // namespace

Result<std::unique_ptr<VirtioBlock>> VirtioBlock::create(const Setup& setup, Notifier& notifier) {
    if (!is_possible(setup.geometry))
        return fail(ErrorCode::kInvalid, "the block device has an impossible size");
    if (setup.longest_piece != 0 && setup.longest_piece < setup.geometry.sector_size)
        return fail(ErrorCode::kInvalid, "the block device takes no whole sector");
    auto queue = TRY(Virtqueue::create(setup.queue, notifier));
    const std::uint32_t count = std::min(kMostRequests, queue->size() / kDescriptorsOfRequest);
    if (count == 0) return fail(ErrorCode::kInvalid, "the queue of the block device is too short");
    std::unique_ptr<Request[]> requests(new (std::nothrow) Request[count]());
    std::unique_ptr<Slot[]> slots(new (std::nothrow) Slot[count]);
    if (!requests || !slots) return fail(ErrorCode::kOutOfMemory, "no memory for a block driver");
    std::unique_ptr<VirtioBlock> driver(new (std::nothrow) VirtioBlock(
        setup, std::move(queue), std::move(requests), std::move(slots), count));
    if (!driver) return fail(ErrorCode::kOutOfMemory, "no memory for a block driver");
    return driver;
}

VirtioBlock::VirtioBlock(const Setup& setup, std::unique_ptr<Virtqueue> queue,
                         std::unique_ptr<Request[]> requests, std::unique_ptr<Slot[]> slots,
                         std::uint32_t count)
    : queue_(std::move(queue)),
      requests_(std::move(requests)),
      slots_(std::move(slots)),
      count_(count),
      geometry_(setup.geometry),
      flushes_(setup.flushes) {
    const std::uint64_t piece = setup.longest_piece == 0 ? kLongestTransfer : setup.longest_piece;
    const std::uint64_t sector = geometry_.sector_size;
    geometry_.longest_transfer = std::min(kLongestTransfer, piece / sector * sector);
    // The range of a request counts sectors of 512 bytes in 32 bits.
    constexpr std::uint64_t kLongestRange = std::uint64_t{0xffff'ffff} * HOLM_VIRTIO_BLOCK_SECTOR;
    geometry_.longest_range = std::min(geometry_.longest_range, kLongestRange) / sector * sector;
    if (geometry_.longest_range == 0) geometry_.discards = geometry_.writes_zeroes = false;
    for (std::uint32_t i = 0; i < count_; ++i) slots_[i].next = i + 1;
}

bool VirtioBlock::add(const BlockJob& job, Request& request, std::uint32_t index) {
    const MutableBytes status(reinterpret_cast<std::byte*>(&request.status), 1);
    const MutableBytes buffer(job.buffer, static_cast<std::size_t>(job.size));
    switch (job.operation) {
        case BlockOperation::kRead:
            return queue_->add(std::array{bytes_of(request.header)}, std::array{buffer, status}, index);
        case BlockOperation::kWrite:
            return queue_->add(std::array{bytes_of(request.header), Bytes(buffer)}, std::array{status},
                               index);
        case BlockOperation::kFlush:
            return queue_->add(std::array{bytes_of(request.header)}, std::array{status}, index);
        case BlockOperation::kDiscard:
        case BlockOperation::kWriteZeroes:
            return queue_->add(std::array{bytes_of(request.header), bytes_of(request.range)},
                               std::array{status}, index);
    }
    return false;
}

bool VirtioBlock::submit(BlockJob& job) {
    const bool needless = job.operation == BlockOperation::kFlush && !flushes_;
    if (dead() || needless) {
        job.outcome =
            needless ? Result<>{} : fail(ErrorCode::kInputOutput, "the block device is broken or gone");
        job.next = answered_;
        answered_ = &job;
        return true;
    }
    const std::uint32_t index = first_free_;
    if (index == count_) return false;
    Request& request = requests_[index];
    const std::uint64_t sector = job.offset / HOLM_VIRTIO_BLOCK_SECTOR;
    const bool has_range =
        job.operation == BlockOperation::kDiscard || job.operation == BlockOperation::kWriteZeroes;
    const bool has_sector = job.operation == BlockOperation::kRead || job.operation == BlockOperation::kWrite;
    request.header = {.type = type_of(job.operation), .reserved = 0, .sector = has_sector ? sector : 0};
    if (has_range) {
        request.range = {.sector = sector,
                         .sector_count = static_cast<std::uint32_t>(job.size / HOLM_VIRTIO_BLOCK_SECTOR),
                         .flags = job.operation == BlockOperation::kWriteZeroes ? kMayFree : 0};
    }
    request.status = kNoStatus;
    if (!add(job, request, index)) return false;
    first_free_ = slots_[index].next;
    slots_[index].job = &job;
    return true;
}

Result<> VirtioBlock::outcome_of(const Request& request, const BlockJob& job, std::uint32_t length) const {
    // Once: the device may still write there.
    switch (std::atomic_ref(const_cast<std::uint8_t&>(request.status)).load(std::memory_order_relaxed)) {
        case HOLM_VIRTIO_BLOCK_OK:
            // The status is the last byte that it writes.
            if (job.operation == BlockOperation::kRead && length != job.size + 1)
                return fail(ErrorCode::kInputOutput, "the block device read less than it was asked for");
            return {};
        case HOLM_VIRTIO_BLOCK_ERROR:
            return fail(ErrorCode::kInputOutput, "the host could not read or write the device");
        case HOLM_VIRTIO_BLOCK_UNSUPPORTED:
            return fail(ErrorCode::kUnsupported, "the device cannot do this");
        case HOLM_VIRTIO_BLOCK_NO_SPACE:
            return fail(ErrorCode::kNoSpace, "the host has no room for what is written");
        default:
            return fail(ErrorCode::kInputOutput, "the block device says neither success nor error");
    }
}

unsigned VirtioBlock::reap(BlockSink& sink) {
    unsigned count = 0;
    while (answered_ != nullptr) {
        BlockJob& job = *answered_;
        answered_ = job.next;
        sink.finished(job);
        ++count;
    }
    if (armed_) queue_->disarm();
    armed_ = false;
    while (const auto done = queue_->take()) {
        Slot& slot = slots_[done->token];
        // Given up when the device was taken for dead, and answered after all: nobody waits for it.
        if (slot.job == nullptr) continue;
        BlockJob& job = *slot.job;
        slot.job = nullptr;
        slot.next = first_free_;
        first_free_ = static_cast<std::uint32_t>(done->token);
        job.outcome = outcome_of(requests_[done->token], job, done->length);
        sink.finished(job);
        ++count;
    }
    return dead() ? count + abandon_all(sink) : count;
}

unsigned VirtioBlock::abandon_all(BlockSink& sink) {
    unsigned count = 0;
    for (std::uint32_t i = 0; i < count_; ++i) {
        BlockJob* const job = slots_[i].job;
        if (job == nullptr) continue;
        slots_[i].job = nullptr;
        job->outcome = fail(ErrorCode::kInputOutput, "the block device is broken or gone");
        job->abandoned = true;
        sink.finished(*job);
        ++count;
    }
    return count;
}

platform::Readiness VirtioBlock::readiness() {
    platform::Readiness readiness;
    readiness.want_readable = true;
    readiness.readable = answered_ != nullptr || dead() || !queue_->arm();
    armed_ = true;
    return readiness;
}

}  // namespace holm::drivers
