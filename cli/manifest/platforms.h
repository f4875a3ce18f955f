#pragma once

// The platforms that holm.toml may name.

#include <string_view>

#include "abi/manifest.h"

namespace holm::cli {

struct PlatformName {
    std::string_view name;
    holm_platform platform;
    std::string_view symbol;  // what the linker is told to take: its upcall or entry, which brings the rest
};

inline constexpr PlatformName kPlatforms[] = {
    {"process", HOLM_PLATFORM_PROCESS, "holm_process_upcall"},
    {"vm", HOLM_PLATFORM_VM, "holm_vm_upcall"},
    {"virtio", HOLM_PLATFORM_VIRTIO, "holm_pvh_entry"},
};

constexpr std::uint32_t kAllPlatforms = [] {
    std::uint32_t all = 0;
    for (const PlatformName& one : kPlatforms) all |= 1u << one.platform;
    return all;
}();

}  // namespace holm::cli
