#pragma once

// What came out on two sides, and whether it is the same.

#include <optional>
#include <string>
#include <vector>

#include "tests/support/filter/stream.h"

namespace holm::test {

struct Output {
    std::size_t tap;
    Octets octets;
    bool own = false;  // the router's: an answer to what it rejected
};

std::string hex(const Octets& octets);
std::string describe(const std::vector<Output>& outputs);

// An answer to what came out of the router goes back to where that came from.
Injection adapted(const Injection& injection, const std::optional<Output>& about);

// Translations choose ports and identifiers: those may differ, all else may not.
enum class Equality { kSame, kChosen, kDifferent };

Equality compare(const Output& linux_one, const Output& ours, const Injection& for_linux,
                 const Injection& injection);

}  // namespace holm::test
