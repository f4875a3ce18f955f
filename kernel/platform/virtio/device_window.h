#pragma once

// Where the registers of devices are found for good: pages of a window behind all memory, one for each page
// of registers that somebody asked for.

#include <array>
#include <cstdint>

#include "base/result.h"
#include "kernel/platform/virtio/page_tables.h"

namespace holm::platform {

class DeviceWindow {
  public:
    static constexpr std::size_t kPages = 512;

    explicit DeviceWindow(std::uint64_t virtual_base) : base_(virtual_base) {}

    // The address of `physical` for good; 0 when the window is full.
    std::uint64_t add(std::uint64_t physical) {
        const std::uint64_t page = physical & -PageTables::kPage;
        std::size_t i = 0;
        while (i < count_ && pages_[i] != page) ++i;
        if (i == kPages) return 0;
        if (i == count_) pages_[count_++] = page;
        return base_ + i * PageTables::kPage + (physical - page);
    }

    Result<> map(PageTables& tables) const {
        for (std::size_t i = 0; i < count_; ++i)
            TRY(tables.map(base_ + i * PageTables::kPage, pages_[i], 1, PageAccess::kDevice));
        return {};
    }

  private:
    std::uint64_t base_;
    std::array<std::uint64_t, kPages> pages_;
    std::size_t count_ = 0;
};

}  // namespace holm::platform
