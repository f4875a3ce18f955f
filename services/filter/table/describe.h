#pragma once

// A compiled rule set as text, for people: its chains in the order in which they are asked, what became a
// lookup, and what all of it takes.

#include <string>

#include "services/filter/table/table.h"

namespace holm::filter {

std::string describe(const Table& table);

}  // namespace holm::filter
