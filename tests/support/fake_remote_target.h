#pragma once

// A machine of one page for the remote stub.

#include <cstring>
#include <vector>

#include "tender/debug/remote_stub.h"

namespace holm::tender {

class FakeRemoteTarget final : public RemoteTarget {
  public:
    static constexpr std::uint64_t kStart = 0x1000;

    CoreThread& thread() override { return state; }
    std::size_t read_memory(std::uint64_t address, MutableBytes into) override {
        const std::size_t size = there(address, into.size());
        if (size > 0) std::memcpy(into.data(), memory.data() + (address - kStart), size);
        return size;
    }
    std::size_t write_memory(std::uint64_t address, Bytes from) override {
        const std::size_t size = there(address, from.size());
        if (size > 0) std::memcpy(memory.data() + (address - kStart), from.data(), size);
        return size;
    }
    bool set_point(Point, std::uint64_t address, std::uint64_t) override {
        if (there(address, 1) == 0 || points.size() == 4) return false;
        points.push_back(address);
        return true;
    }
    bool remove_point(Point, std::uint64_t address, std::uint64_t) override {
        std::erase(points, address);
        return true;
    }
    bool has_hardware_points() const override { return hardware; }

    CoreThread state;
    std::vector<std::byte> memory = std::vector<std::byte>(4096);
    std::vector<std::uint64_t> points;
    bool hardware = true;

  private:
    std::size_t there(std::uint64_t address, std::size_t size) const {
        if (address < kStart || address - kStart >= memory.size()) return 0;
        return std::min<std::size_t>(size, memory.size() - (address - kStart));
    }
};

}  // namespace holm::tender
