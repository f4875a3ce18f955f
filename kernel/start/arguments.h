#pragma once

// What the C library's start expects at the top of a program's stack: argc, arguments, environment, auxiliary
// vector.

#include <cstddef>
#include <cstdint>
#include <span>

struct holm_boot_info;

namespace holm {

// Room that `build_start_vector` needs, in words; an upper bound.
std::size_t start_vector_size(const holm_boot_info& boot);

struct StartVector {
    int argument_count;
    char** arguments;  // followed by a null, the environment, a null and the auxiliary vector
};

// Writes the vector into `words`. The image's own configuration fills in what the operator left open.
// `random` is 16 bytes that must stay where they are (AT_RANDOM).
StartVector build_start_vector(const holm_boot_info& boot, std::span<std::uintptr_t> words,
                               const std::byte* random);

}  // namespace holm
