#pragma once

// Blocks that can be checked: offset, a pattern that offset and seed determine, and a checksum at the end.

#include <cstddef>
#include <cstdint>
#include <span>

// SplitMix64 (Steele, Lea, Flood 2014): the next of a row of numbers that look random.
constexpr std::uint64_t next_random(std::uint64_t& state) {
    std::uint64_t mixed = state += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    return mixed ^ mixed >> 31;
}

// Precondition: `block` has at least 512 bytes, a multiple of 8.
void write_pattern(std::span<std::byte> block, std::uint64_t offset, std::uint64_t seed);

// What is wrong with a block that should be the one of this offset; null if nothing is.
const char* check_pattern(std::span<const std::byte> block, std::uint64_t offset, std::uint64_t seed);
