#include "kernel/drivers/virtio/virtqueue.h"

#include <atomic>
#include <bit>
#include <cassert>
#include <cstring>
#include <new>

namespace holm::drivers {

namespace {

// Offsets of the two heads' fields from their ring.
constexpr std::uint32_t kFlags = 0;
constexpr std::uint32_t kIndex = 2;
constexpr std::uint32_t kEntries = 4;

static_assert(std::endian::native == std::endian::little);

}  // namespace

Result<std::unique_ptr<Virtqueue>> Virtqueue::create(const Setup& setup, Notifier& notifier) {
    if (!std::has_single_bit(setup.size) || setup.size > HOLM_VIRTQ_MAX_SIZE)
        return fail(ErrorCode::kInvalid, "the size of a virtqueue is a power of two up to 16384");
    if (reinterpret_cast<std::uintptr_t>(setup.memory) % alignof(std::max_align_t) != 0)
        return fail(ErrorCode::kInvalid, "the memory of a virtqueue begins at a multiple of 16");
    std::unique_ptr<Slot[]> slots(new (std::nothrow) Slot[setup.size]);
    if (!slots) return fail(ErrorCode::kOutOfMemory, "no memory for a virtqueue");
    std::unique_ptr<Virtqueue> queue(new (std::nothrow) Virtqueue(setup, notifier, std::move(slots)));
    if (!queue) return fail(ErrorCode::kOutOfMemory, "no memory for a virtqueue");
    return queue;
}

Virtqueue::Virtqueue(const Setup& setup, Notifier& notifier, std::unique_ptr<Slot[]> slots)
    : notifier_(notifier),
      slots_(std::move(slots)),
      memory_(setup.memory),
      bus_offset_(setup.bus_offset),
      size_(setup.size),
      event_index_(setup.event_index),
      free_(setup.size) {
    for (std::uint32_t i = 0; i < size_; ++i) slots_[i].next = std::uint16_t(i + 1);
    disarm();
}

std::uint16_t Virtqueue::load(std::uint32_t offset) const {
    return std::atomic_ref(*reinterpret_cast<std::uint16_t*>(memory_ + offset))
        .load(std::memory_order_acquire);
}

void Virtqueue::store(std::uint32_t offset, std::uint16_t value) {
    std::atomic_ref(*reinterpret_cast<std::uint16_t*>(memory_ + offset))
        .store(value, std::memory_order_release);
}

Virtqueue::BusAddresses Virtqueue::bus_addresses() const {
    const std::uint64_t start = reinterpret_cast<std::uint64_t>(memory_) - bus_offset_;
    return {start, start + holm_virtq_available(size_), start + holm_virtq_used(size_)};
}

bool Virtqueue::add(std::span<const Bytes> readable, std::span<const MutableBytes> writable,
                    std::uint64_t token) {
    std::uint32_t count = 0;
    std::uint32_t bytes_writable = 0;
    for (const Bytes buffer : readable) count += buffer.empty() ? 0 : 1;
    for (const MutableBytes buffer : writable) {
        count += buffer.empty() ? 0 : 1;
        bytes_writable += std::uint32_t(buffer.size());
    }
    assert(count != 0);
    if (broken_ != nullptr || count > free_) return false;

    const std::uint16_t head = first_free_;
    Slot& slot = slots_[head];
    slot.token = token;
    slot.writable = bytes_writable;
    slot.count = std::uint16_t(count);
    slot.index = added_;
    std::uint32_t left = count;
    const auto append = [&](const std::byte* data, std::size_t size, std::uint16_t flags) {
        if (size == 0) return;
        const Slot& own = slots_[first_free_];
        const bool last = --left == 0;
        const holm_virtq_descriptor descriptor{
            .address = reinterpret_cast<std::uint64_t>(data) - bus_offset_,
            .size = std::uint32_t(size),
            .flags = std::uint16_t(last ? flags : flags | HOLM_VIRTQ_NEXT),
            .next = last ? std::uint16_t{0} : own.next,
        };
        std::memcpy(memory_ + sizeof descriptor * first_free_, &descriptor, sizeof descriptor);
        first_free_ = own.next;
    };
    for (const Bytes buffer : readable) append(buffer.data(), buffer.size(), 0);
    for (const MutableBytes buffer : writable) append(buffer.data(), buffer.size(), HOLM_VIRTQ_WRITE);
    free_ -= count;

    store(holm_virtq_available(size_) + kEntries + 2 * (added_ & (size_ - 1)), head);
    ++added_;
    return true;
}

void Virtqueue::publish() {
    if (published_ == added_ || broken_ != nullptr) return;
    const std::uint16_t before = published_;
    in_flight_ += std::uint16_t(added_ - before);
    published_ = added_;
    store(holm_virtq_available(size_) + kIndex, published_);
    // The index first, then the look at whether the device sleeps (virtio 1.2, 2.7.13.4.1).
    std::atomic_thread_fence(std::memory_order_seq_cst);
    const bool wanted =
        event_index_ ? holm_virtq_passes(load(holm_virtq_available_event(size_)), before, published_) != 0
                     : (load(holm_virtq_used(size_) + kFlags) & HOLM_VIRTQ_NO_SIGNAL) == 0;
    if (wanted) notifier_.notify();
}

std::optional<Virtqueue::Completion> Virtqueue::give_up(const char* why) {
    broken_ = why;
    return std::nullopt;
}

std::optional<Virtqueue::Completion> Virtqueue::take() {
    if (broken_ != nullptr) return std::nullopt;
    if (taken_ == used_) {
        used_ = load(holm_virtq_used(size_) + kIndex);
        if (taken_ == used_) return std::nullopt;
        if (std::uint16_t(used_ - taken_) > in_flight_)
            return give_up("its used index says that it has done with more than it was given");
    }
    holm_virtq_used_entry entry;
    std::memcpy(&entry, memory_ + holm_virtq_used(size_) + kEntries + sizeof entry * (taken_ & (size_ - 1)),
                sizeof entry);
    std::atomic_signal_fence(std::memory_order_acq_rel);  // what was copied is what is checked
    if (entry.id >= size_) return give_up("it has done with a descriptor that does not exist");
    Slot& slot = slots_[entry.id];
    // A chain that was added but not published yet is not the device's either.
    if (slot.count == 0 || std::int16_t(published_ - slot.index) <= 0)
        return give_up("it has done with a buffer that it was not given");
    if (entry.length > slot.writable) return give_up("it says that it wrote more than there was room for");

    std::uint16_t last = std::uint16_t(entry.id);
    for (std::uint16_t i = 1; i < slot.count; ++i) last = slots_[last].next;
    slots_[last].next = first_free_;
    first_free_ = std::uint16_t(entry.id);
    free_ += slot.count;
    slot.count = 0;
    --in_flight_;
    ++taken_;
    return Completion{slot.token, entry.length};
}

bool Virtqueue::arm() {
    if (event_index_)
        store(holm_virtq_used_event(size_), taken_);
    else
        store(holm_virtq_available(size_) + kFlags, 0);
    // The wish first, then the last look (virtio 1.2, 2.7.14.2).
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return load(holm_virtq_used(size_) + kIndex) == taken_;
}

bool Virtqueue::gone() const {
    return (load(holm_virtq_used(size_) + kFlags) & HOLM_VIRTQ_GONE) != 0;
}

void Virtqueue::disarm() {
    // An event index that has just gone by is passed again only after 65536 more.
    if (event_index_)
        store(holm_virtq_used_event(size_), std::uint16_t(taken_ - 1));
    else
        store(holm_virtq_available(size_) + kFlags, HOLM_VIRTQ_NO_SIGNAL);
}

}  // namespace holm::drivers
