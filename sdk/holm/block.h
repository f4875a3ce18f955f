#pragma once

// Block devices: Machine::block(name) and what tasks do with one.
//
//     holm::BlockDevice& disk = **machine.block("disk");
//     std::array<std::byte, 4096> sector;
//     if (auto read = co_await disk.read(0, sector); !read) ...

#include "kernel/block/block_device.h"  // IWYU pragma: export
#include "kernel/start/machine.h"       // IWYU pragma: export
