#pragma once

// A router of the instance's network devices, as the image's router.toml says (docs/router.md):
//
//     auto router = holm::make_router(machine);
//     if (!router) ...
//     co_await machine.stop().wait();
//
// In CMakeLists.txt, behind holm_add_image(): holm_compiled_file(IMAGE router TOOL holm-routes OUTPUT router
// INPUTS router.toml).

#include <memory>
#include <string_view>

#include "base/result.h"
#include "kernel/start/machine.h"       // IWYU pragma: export
#include "services/metrics/registry.h"  // IWYU pragma: export
#include "services/route/router.h"      // IWYU pragma: export

namespace holm {

// Frames between the instance's devices are forwarded from now on, until the router is destroyed. `table`:
// the compiled file in the image's tree. A device that was not granted is told of on the console; ways
// through it lead nowhere. Errors: kNotFound (no such file), kBadMessage (no table), kOutOfMemory, and those
// of route::Router::attach().
Result<std::unique_ptr<route::Router>> make_router(Machine& machine, std::string_view table = "router");

// Counters of each interface and each reason to drop packets.
void add_metrics(metrics::Registry& registry, const route::Router& router);

}  // namespace holm
