#include "tender/devices/virtqueue.h"

#include <atomic>
#include <cassert>
#include <cstring>

namespace holm::tender {

namespace {

// Offsets of the two heads' fields from their ring.
constexpr std::uint32_t kFlags = 0;
constexpr std::uint32_t kIndex = 2;
constexpr std::uint32_t kEntries = 4;

}  // namespace

std::uint16_t Virtqueue::load(std::uint32_t offset) const {
    return __atomic_load_n(reinterpret_cast<std::uint16_t*>(ring_ + offset), __ATOMIC_ACQUIRE);
}

void Virtqueue::store(std::uint32_t offset, std::uint16_t value) {
    __atomic_store_n(reinterpret_cast<std::uint16_t*>(ring_ + offset), value, __ATOMIC_RELEASE);
}

bool Virtqueue::give_up(const char* why) {
    broken_ = why;
    return false;
}

bool Virtqueue::next(std::span<iovec> pieces, Chain& chain) {
    assert(pieces.size() >= kMaximumPieces);
    if (broken_ != nullptr || size_ == 0) return false;
    if (next_ == available_) {
        available_ = load(holm_virtq_available(size_) + kIndex);
        if (next_ == available_) return false;
        if (std::uint16_t(available_ - next_) > size_)
            return give_up("its available index says that there are more buffers than descriptors");
    }
    chain = {};
    chain.head = load(holm_virtq_available(size_) + kEntries + 2 * (next_ & (size_ - 1)));
    std::uint16_t number = chain.head;
    // A chain cannot be longer than the table, so a loop ends here as well.
    const std::size_t limit = size_ < kMaximumPieces ? size_ : kMaximumPieces;
    for (std::size_t count = 0;; ++count) {
        if (number >= size_) return give_up("a descriptor that does not exist is part of a buffer");
        if (count == limit)
            return give_up("a buffer has more descriptors than are allowed, or they form a loop");
        holm_virtq_descriptor descriptor;
        std::memcpy(&descriptor, ring_ + sizeof descriptor * number, sizeof descriptor);
        std::atomic_signal_fence(std::memory_order_acq_rel);  // what was copied is what is checked
        if (!add_piece(descriptor, pieces[count], chain)) return false;
        if ((descriptor.flags & HOLM_VIRTQ_NEXT) == 0) break;
        number = descriptor.next;
    }
    ++next_;
    return true;
}

bool Virtqueue::has_next() const {
    return broken_ == nullptr && size_ != 0 &&
           (next_ != available_ || next_ != load(holm_virtq_available(size_) + kIndex));
}

bool Virtqueue::add_piece(const holm_virtq_descriptor& descriptor, iovec& piece, Chain& chain) {
    if ((descriptor.flags & ~(HOLM_VIRTQ_NEXT | HOLM_VIRTQ_WRITE)) != 0)
        return give_up("a descriptor has flags that are not in use");
    if (descriptor.size == 0) return give_up("a descriptor describes no bytes");
    const bool write = (descriptor.flags & HOLM_VIRTQ_WRITE) != 0;
    const BusAddress address{descriptor.address};
    const std::byte* start = nullptr;
    if (write) {
        if (const auto bytes = memory_->writable(address, descriptor.size)) start = bytes->data();
    } else {
        if (const auto bytes = memory_->readable(address, descriptor.size)) start = bytes->data();
    }
    if (start == nullptr)
        return give_up("a descriptor points to memory that the guest cannot use in this way");
    if (!write && chain.writable != 0) return give_up("a buffer to be read stands behind one to be written");
    std::uint32_t& total = write ? chain.writable_size : chain.readable_size;
    if (__builtin_add_overflow(total, descriptor.size, &total)) return give_up("a buffer has 4 GiB or more");
    ++(write ? chain.writable : chain.readable);
    piece = {const_cast<std::byte*>(start), descriptor.size};
    return true;
}

void Virtqueue::put(std::uint16_t head, std::uint32_t length) {
    const holm_virtq_used_entry entry{head, length};
    std::memcpy(ring_ + holm_virtq_used(size_) + kEntries + sizeof entry * (used_ & (size_ - 1)), &entry,
                sizeof entry);
    ++used_;
}

bool Virtqueue::publish() {
    if (published_ == used_) return false;
    const std::uint16_t before = published_;
    published_ = used_;
    store(holm_virtq_used(size_) + kIndex, published_);
    // The index first, then the look at what the guest wants (virtio 1.2, 2.7.14.2).
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return holm_virtq_passes(load(holm_virtq_used_event(size_)), before, published_) != 0;
}

void Virtqueue::notify_after(std::uint32_t count) {
    set_available_event(std::uint16_t(next_ + count - 1));
    std::atomic_thread_fence(std::memory_order_seq_cst);  // the wish first, then the caller's last look
}

void Virtqueue::announce_gone() {
    store(holm_virtq_used(size_) + kFlags, HOLM_VIRTQ_GONE);
}

}  // namespace holm::tender
