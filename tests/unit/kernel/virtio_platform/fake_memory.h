#pragma once

// Pieces of physical memory; everything else is not there.

#include <cstring>
#include <map>
#include <vector>

#include "kernel/platform/virtio/physical_memory.h"

class FakeMemory final : public holm::platform::PhysicalMemory {
  public:
    template <typename T>
    void put(std::uint64_t address, const T& value) {
        auto& bytes = pieces_[address];
        bytes.resize(sizeof value);
        std::memcpy(bytes.data(), &value, sizeof value);
    }
    void put_bytes(std::uint64_t address, holm::Bytes bytes) {
        pieces_[address].assign(bytes.begin(), bytes.end());
    }

    holm::Bytes view(std::uint64_t address, std::uint64_t size) override {
        auto piece = pieces_.upper_bound(address);
        if (piece == pieces_.begin()) return {};
        --piece;
        const std::uint64_t offset = address - piece->first;
        if (offset > piece->second.size() || size > piece->second.size() - offset) return {};
        return holm::Bytes(piece->second).subspan(offset, size);
    }

  private:
    std::map<std::uint64_t, std::vector<std::byte>> pieces_;
};
