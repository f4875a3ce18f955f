#pragma once

#include <cstdint>
#include <optional>

#include "kernel/drivers/virtio/virtqueue.h"
#include "tender/devices/bus_memory.h"

namespace holm::test {

// Driver and device in one address space: every address is a bus address.
class AllMemory final : public tender::BusMemory {
  public:
    std::optional<Bytes> readable(tender::BusAddress start, std::uint64_t size) const override {
        return writable(start, size);
    }
    std::optional<MutableBytes> writable(tender::BusAddress start, std::uint64_t size) const override {
        return MutableBytes(reinterpret_cast<std::byte*>(start), size);
    }
};

// Memory from bus address `start` on, of which the first part is read-only for the guest.
class SomeMemory final : public tender::BusMemory {
  public:
    SomeMemory(MutableBytes bytes, std::uint64_t start, std::size_t read_only)
        : bytes_(bytes), start_(start), read_only_(read_only) {}
    std::optional<Bytes> readable(tender::BusAddress start, std::uint64_t size) const override {
        const std::uint64_t offset = std::uint64_t(start) - start_;
        if (offset > bytes_.size() || size > bytes_.size() - offset) return std::nullopt;
        return Bytes(bytes_).subspan(offset, size);
    }
    std::optional<MutableBytes> writable(tender::BusAddress start, std::uint64_t size) const override {
        const std::uint64_t offset = std::uint64_t(start) - start_;
        if (!readable(start, size) || offset < read_only_) return std::nullopt;
        return bytes_.subspan(offset, size);
    }

  private:
    MutableBytes bytes_;
    std::uint64_t start_;
    std::size_t read_only_;
};

struct NotifyCount final : drivers::Notifier {
    void notify() override { ++count; }
    int count = 0;
};

// Ring memory for a queue of up to 256 descriptors.
struct alignas(64) Ring {
    static constexpr std::uint32_t kSize = 256;
    std::byte bytes[16 * kSize + 6 + 2 * kSize + 64 + 6 + 8 * kSize]{};
    drivers::Virtqueue::Setup setup(std::uint32_t size = kSize) {
        return {.memory = bytes, .size = size, .bus_offset = 0, .event_index = true};
    }
};

}  // namespace holm::test
