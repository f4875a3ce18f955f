#pragma once

// Relocation of a mapped image. A static PIE needs one kind only: "add the load bias to this word".

#include <cstdint>
#include <expected>

#include "base/bytes.h"
#include "tender/loader/load_error.h"
#include "tender/loader/load_plan.h"

namespace holm::tender {

// Applies what the image's dynamic section asks for. `image` holds the mapped image: plan.span bytes, of
// which only those of the plan's segments are touched; writable segments are still writable, RELRO included.
// `base` is where it will run. The tables are read from the image, each word once: whoever may write to the
// file may change them meanwhile.
std::expected<void, LoadError> relocate_image(const LoadPlan& plan, MutableBytes image, std::uint64_t base);

}  // namespace holm::tender
