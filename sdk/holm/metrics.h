#pragma once

// Counters, gauges and histograms in the text format of Prometheus: metrics::Registry.

#include "services/metrics/registry.h"  // IWYU pragma: export
