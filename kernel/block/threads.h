#pragma once

struct holm_boot_info;

namespace holm::drivers {
class BlockWorkers;
}

namespace holm {

// Sets the tender's threads to work on `workers` from the first job on, for as long as the instance lives.
// False when there is no memory.
bool start_block_threads(holm_boot_info& boot, drivers::BlockWorkers& workers);

}  // namespace holm
