#pragma once

// The block that the guest gets at its entry: boot info, and the strings below it.

#include <cstdint>
#include <span>
#include <string_view>

#include "abi/boot_info.h"
#include "tender/loader/load_plan.h"
#include "tender/process/layout.h"
#include "tender/process/options.h"

namespace holm::tender {

// Bytes that the strings take, NULs included. `name` becomes argv[0].
std::uint64_t size_of_strings(std::string_view name, const Options& options);

struct BootInput {
    const LoadPlan& plan;
    const Layout& layout;
    const Options& options;
    std::string_view name;
    std::span<const holm_boot_device> devices;
    std::span<const std::uint8_t, HOLM_SEED_SIZE> seed;
};

// Writes the block to its place in the mapped stack, all but the clock; returns the boot info.
holm_boot_info& write_boot_block(const BootInput& input);

}  // namespace holm::tender
