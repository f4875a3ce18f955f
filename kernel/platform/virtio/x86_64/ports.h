#pragma once

// I/O ports. Ring 3 may use all of them during the boot, and then those that are left to it (ring0.h).

#include <cstddef>
#include <cstdint>

namespace holm::platform {

struct PortRange {
    std::uint16_t first;
    std::uint16_t count;
};

inline std::uint8_t in8(std::uint16_t port) {
    std::uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}
inline std::uint16_t in16(std::uint16_t port) {
    std::uint16_t value;
    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}
inline std::uint32_t in32(std::uint16_t port) {
    std::uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}
inline void out8(std::uint16_t port, std::uint8_t value) {
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}
inline void out16(std::uint16_t port, std::uint16_t value) {
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port) : "memory");
}
inline void out32(std::uint16_t port, std::uint32_t value) {
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}
// Several bytes to one port: one exit for all of them where there is a hypervisor.
inline void out8_each(std::uint16_t port, const std::byte* bytes, std::size_t count) {
    __asm__ volatile("rep outsb" : "+S"(bytes), "+c"(count) : "d"(port) : "memory");
}

}  // namespace holm::platform
