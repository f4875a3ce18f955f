#pragma once

// Durations, points on the monotonic clock (Instant) and on the wall clock (WallTime), and the clock that
// gives them.

#include "base/instant.h"           // IWYU pragma: export
#include "kernel/time/clock.h"      // IWYU pragma: export
#include "kernel/time/wall_time.h"  // IWYU pragma: export
