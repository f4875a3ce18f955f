#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

enum class Mode : std::uint8_t { kRead, kWrite, kRandomRead, kRandomWrite, kFill, kCheck, kVerify, kDiscard };

struct Options {
    Mode mode = Mode::kRandomRead;
    std::uint64_t block_size = 4096;  // bytes
    std::uint64_t depth = 32;         // requests in flight
    std::uint64_t seconds = 2;
    std::optional<std::uint64_t> count;  // operations, instead of seconds
    std::uint64_t seed = 1;
};

// What is wrong with the arguments, or nothing. `words` is argv, its first one the image's name.
std::optional<std::string> parse(std::span<const char* const> words, Options& options);
