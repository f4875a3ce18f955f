#pragma once

#include <cstdint>
#include <expected>

#include "base/bytes.h"
#include "tender/loader/load_error.h"
#include "tender/loader/load_plan.h"

namespace holm::tender {

// Checks an image's headers and manifest. `head` is a copy of the first min(file_size, kHeadSize) bytes of
// the file: hostile, and stable while this runs. Pure: no input, no output, no allocation.
std::expected<void, LoadError> parse_image(Bytes head, std::uint64_t file_size, LoadPlan& plan);

}  // namespace holm::tender
