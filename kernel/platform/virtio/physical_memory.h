#pragma once

// Memory of the machine by physical address, as the boot reads the tables that a VMM leaves in it. They are
// hostile: everything goes through here.

#include <cstdint>
#include <cstring>
#include <optional>

#include "base/bytes.h"

namespace holm::platform {

class PhysicalMemory {
  public:
    // `size` bytes that can be read, or an empty span if they cannot.
    virtual Bytes view(std::uint64_t address, std::uint64_t size) = 0;

    template <typename T>
    std::optional<T> read(std::uint64_t address) {
        const Bytes bytes = view(address, sizeof(T));
        if (bytes.size() != sizeof(T)) return std::nullopt;
        T value;
        std::memcpy(&value, bytes.data(), sizeof value);
        return value;
    }

  protected:
    ~PhysicalMemory() = default;
};

}  // namespace holm::platform
