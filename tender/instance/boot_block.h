#pragma once

// The block that the guest gets at its entry: boot info, and the strings below it.

#include <cstdint>
#include <span>
#include <string_view>

#include "abi/boot_info.h"
#include "tender/instance/layout.h"
#include "tender/instance/options.h"
#include "tender/loader/load_plan.h"

namespace holm::tender {

// Bytes that the strings take, NULs included. `name` becomes argv[0].
std::uint64_t size_of_strings(std::string_view name, const Options& options);

struct BootInput {
    holm_platform platform;
    const LoadPlan& plan;
    const Layout& layout;
    const Options& options;
    std::string_view name;
    std::span<const holm_boot_device> devices;
    std::span<const std::uint8_t, HOLM_SEED_SIZE> seed;
    std::uint64_t offset;  // the tender's address of a byte less the guest's, modulo 2^64
};

// Writes the block to its place in the mapped stack, all but the clock and what only one platform has;
// returns the boot info.
holm_boot_info& write_boot_block(const BootInput& input);

}  // namespace holm::tender
