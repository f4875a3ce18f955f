#pragma once

// JSON: json::parse() to a json::Value, json::Writer for writing piece by piece.

#include "services/json/value.h"   // IWYU pragma: export
#include "services/json/writer.h"  // IWYU pragma: export
