#pragma once

// The log of a detached instance: a file of bounded size, and the one before it.

#include <cstddef>
#include <filesystem>

namespace holm::cli {

// What a log may hold before it moves aside; with the one that has moved, twice as much is kept.
inline constexpr std::size_t kLogLimit = std::size_t{8} << 20;

// Where a log goes when it is full; what was there is replaced.
std::filesystem::path older_log(const std::filesystem::path& log);

// Writes all that comes from `input` to `log` until its end. A line stays whole if it is not longer than the
// limit. What cannot be written, on a full disk say, is dropped: whoever writes must not be held up.
void keep_log(int input, const std::filesystem::path& log, std::size_t limit = kLogLimit);

}  // namespace holm::cli
