#pragma once

#include <array>
#include <expected>
#include <span>

#include "abi/manifest.h"
#include "tender/devices/block_request.h"
#include "tender/devices/net_request.h"
#include "tender/text/sentence.h"

namespace holm::tender {

// For each device of the manifest, in its order, the index of the request that grants it among those of its
// kind, or kNotGranted.
using Grants = std::array<int, HOLM_MAX_DEVICES>;
constexpr int kNotGranted = -1;

// Matches what the operator grants with what the image declares. An unknown name, a name granted twice, a
// wrong kind and a missing device that is not optional are errors that say what there is.
std::expected<Grants, Sentence> match_grants(std::span<const holm_manifest_device> devices,
                                             std::span<const NetRequest> nets,
                                             std::span<const BlockRequest> blocks);

}  // namespace holm::tender
