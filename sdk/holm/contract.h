#pragma once

// What image and tender agree on, for images that look below the library: where things lie, and the way out.

#include "abi/boot_info.h"   // IWYU pragma: export
#include "abi/hypercalls.h"  // IWYU pragma: export
