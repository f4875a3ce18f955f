#pragma once

// The other side of a virtqueue, as bare as can be: a test says each thing that it does to the ring.

#include <cstring>
#include <vector>

#include "abi/virtqueue.h"
#include "base/bytes.h"
#include "kernel/drivers/virtio/virtqueue.h"

namespace holm::test {

class CountingNotifier final : public drivers::Notifier {
  public:
    void notify() override { ++count; }
    int count = 0;
};

class RingDevice {
  public:
    explicit RingDevice(std::uint32_t size, std::uint64_t bus_offset = 0)
        : size_(size), bus_offset_(bus_offset), memory_(holm_virtq_bytes(size) / 16 + 1) {}

    drivers::Virtqueue::Setup setup(bool event_index) {
        return {.memory = bytes(), .size = size_, .bus_offset = bus_offset_, .event_index = event_index};
    }

    // What the driver has published.
    std::uint16_t available_index() const { return get(holm_virtq_available(size_) + 2); }
    std::uint16_t available_flags() const { return get(holm_virtq_available(size_)); }
    std::uint16_t available(std::uint16_t index) const {
        return get(holm_virtq_available(size_) + 4 + 2 * (index % size_));
    }
    std::uint16_t used_event() const { return get(holm_virtq_used_event(size_)); }
    holm_virtq_descriptor descriptor(std::uint16_t number) const {
        holm_virtq_descriptor result;
        std::memcpy(&result, bytes() + sizeof result * number, sizeof result);
        return result;
    }
    std::vector<holm_virtq_descriptor> chain(std::uint16_t head) const {
        std::vector<holm_virtq_descriptor> result{descriptor(head)};
        while (result.back().flags & HOLM_VIRTQ_NEXT && result.size() <= size_)
            result.push_back(descriptor(result.back().next));
        return result;
    }
    std::byte* at(const holm_virtq_descriptor& descriptor) const {
        return reinterpret_cast<std::byte*>(descriptor.address + bus_offset_);
    }

    void put_used(std::uint16_t index, std::uint32_t id, std::uint32_t length) {
        const holm_virtq_used_entry entry{id, length};
        std::memcpy(bytes() + holm_virtq_used(size_) + 4 + sizeof entry * (index % size_), &entry,
                    sizeof entry);
    }
    void set_used_index(std::uint16_t index) { set(holm_virtq_used(size_) + 2, index); }
    void set_used_flags(std::uint16_t flags) { set(holm_virtq_used(size_), flags); }
    void set_available_event(std::uint16_t index) { set(holm_virtq_available_event(size_), index); }
    // Puts the next entry and shows it.
    void use(std::uint32_t id, std::uint32_t length) {
        put_used(used_index_, id, length);
        set_used_index(++used_index_);
    }
    std::uint16_t used_index() const { return used_index_; }

    MutableBytes ring() { return {bytes(), holm_virtq_bytes(size_)}; }

  private:
    struct alignas(16) Block {
        std::byte bytes[16]{};
    };

    std::byte* bytes() const { return const_cast<std::byte*>(memory_.front().bytes); }
    std::uint16_t get(std::uint32_t offset) const {
        std::uint16_t value;
        std::memcpy(&value, bytes() + offset, sizeof value);
        return value;
    }
    void set(std::uint32_t offset, std::uint16_t value) {
        std::memcpy(bytes() + offset, &value, sizeof value);
    }

    std::uint32_t size_;
    std::uint64_t bus_offset_;
    std::vector<Block> memory_;
    std::uint16_t used_index_ = 0;
};

}  // namespace holm::test
