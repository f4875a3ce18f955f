#pragma once

// The object sizes of the heap. Requests up to kLargestObject are rounded up to one of them (by 25 % at most,
// beyond 128 bytes) and cut out of slabs; longer ones get pages of their own.

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernel/memory/pages.h"

namespace holm::memory {

inline constexpr std::size_t kObjectAlignment = 16;
inline constexpr std::size_t kLargestObject = 2048;

struct SizeClass {
    std::uint16_t size;   // bytes of an object
    std::uint16_t count;  // objects in a slab
    std::uint32_t pages;  // pages of a slab
    std::uint32_t
        reciprocal;  // offset / size == (offset * reciprocal) >> kReciprocalShift, for offsets in a slab
};

inline constexpr unsigned kReciprocalShift = 26;

inline constexpr std::array<std::uint16_t, 26> kObjectSizes{16,  32,  48,  64,   80,   96,   112,  128, 160,
                                                            192, 224, 256, 320,  352,  384,  448,  512, 640,
                                                            768, 896, 928, 1024, 1280, 1536, 1792, 2048};
inline constexpr std::size_t kSizeClasses = kObjectSizes.size();

// Slabs are as short as they can be with at most a sixteenth of them lost at the end.
constexpr SizeClass make_size_class(std::uint32_t size) {
    std::uint32_t pages = 1;
    while (pages * kPageSize % size > pages * kPageSize / 16) ++pages;
    return {static_cast<std::uint16_t>(size), static_cast<std::uint16_t>(pages * kPageSize / size), pages,
            (1u << kReciprocalShift) / size + 1};
}

inline constexpr std::array<SizeClass, kSizeClasses> kClasses = [] {
    std::array<SizeClass, kSizeClasses> classes{};
    for (std::size_t i = 0; i < kSizeClasses; ++i) classes[i] = make_size_class(kObjectSizes[i]);
    return classes;
}();

constexpr std::uint32_t object_at(const SizeClass& size_class, std::size_t offset) {
    return static_cast<std::uint32_t>((offset * size_class.reciprocal) >> kReciprocalShift);
}

// Index of the smallest class for each multiple of 16 bytes.
inline constexpr std::array<std::uint8_t, kLargestObject / kObjectAlignment + 1> kClassOfSize = [] {
    std::array<std::uint8_t, kLargestObject / kObjectAlignment + 1> table{};
    std::uint8_t index = 0;
    for (std::size_t i = 0; i < table.size(); ++i) {
        if (i * kObjectAlignment > kObjectSizes[index]) ++index;
        table[i] = index;
    }
    return table;
}();

constexpr std::uint8_t class_of(std::size_t size) {
    return kClassOfSize[(size + kObjectAlignment - 1) / kObjectAlignment];
}

static_assert(class_of(0) == 0 && class_of(1) == 0 && class_of(17) == 1 &&
              class_of(2048) == kSizeClasses - 1);
// The reciprocals are exact for every offset that can occur.
static_assert([] {
    for (const SizeClass& c : kClasses) {
        for (std::size_t object = 0; object < c.count; ++object) {
            const std::size_t first = object * c.size;
            if (object_at(c, first) != object || object_at(c, first + c.size - 1) != object) return false;
        }
    }
    return true;
}());

}  // namespace holm::memory
