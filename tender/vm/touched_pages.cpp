#include "tender/vm/touched_pages.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace holm::tender {

int open_pagemap() {
    return open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
}

bool TouchedPages::has(const std::byte* page) {
    // Documentation/admin-guide/mm/pagemap.rst.
    constexpr std::uint64_t kPresent = std::uint64_t{1} << 63;
    constexpr std::uint64_t kSwapped = std::uint64_t{1} << 62;
    if (pagemap_ < 0) return true;
    const std::uint64_t number = reinterpret_cast<std::uint64_t>(page) / 4096;
    if (first_ == kNowhere || number - first_ >= count_) {
        first_ = number;
        const long got = syscall(SYS_pread64, pagemap_, entries_.data(), sizeof entries_, number * 8);
        count_ = got > 0 ? static_cast<std::size_t>(got) / 8 : 0;
        if (count_ == 0) return true;
    }
    return (entries_[number - first_] & (kPresent | kSwapped)) != 0;
}

}  // namespace holm::tender
