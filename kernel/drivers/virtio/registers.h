#pragma once

// The registers of a device: where a transport reads and writes. The device is another party, and what it
// answers is hostile.

#include <cstdint>

namespace holm::drivers {

class Registers {
  public:
    virtual std::uint32_t read(std::uint32_t offset, unsigned bytes) = 0;  // 1, 2 or 4
    virtual void write(std::uint32_t offset, unsigned bytes, std::uint32_t value) = 0;

    std::uint8_t read8(std::uint32_t offset) { return static_cast<std::uint8_t>(read(offset, 1)); }
    std::uint16_t read16(std::uint32_t offset) { return static_cast<std::uint16_t>(read(offset, 2)); }
    std::uint32_t read32(std::uint32_t offset) { return read(offset, 4); }
    void write8(std::uint32_t offset, std::uint8_t value) { write(offset, 1, value); }
    void write16(std::uint32_t offset, std::uint16_t value) { write(offset, 2, value); }
    void write32(std::uint32_t offset, std::uint32_t value) { write(offset, 4, value); }
    // Lower half first.
    void write64(std::uint32_t offset, std::uint64_t value) {
        write32(offset, static_cast<std::uint32_t>(value));
        write32(offset + 4, static_cast<std::uint32_t>(value >> 32));
    }

  protected:
    ~Registers() = default;
};

// In memory, where the processor reaches them.
class MappedRegisters final : public Registers {
  public:
    explicit MappedRegisters(std::uint64_t address = 0) : address_(address) {}

    std::uint32_t read(std::uint32_t offset, unsigned bytes) override {
        if (bytes == 1) return *at<std::uint8_t>(offset);
        if (bytes == 2) return *at<std::uint16_t>(offset);
        return *at<std::uint32_t>(offset);
    }
    void write(std::uint32_t offset, unsigned bytes, std::uint32_t value) override {
        if (bytes == 1) *at<std::uint8_t>(offset) = static_cast<std::uint8_t>(value);
        if (bytes == 2) *at<std::uint16_t>(offset) = static_cast<std::uint16_t>(value);
        if (bytes == 4) *at<std::uint32_t>(offset) = value;
    }

  private:
    template <typename T>
    volatile T* at(std::uint32_t offset) const {
        return reinterpret_cast<volatile T*>(address_ + offset);
    }
    std::uint64_t address_;
};

}  // namespace holm::drivers
