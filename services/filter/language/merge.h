#pragma once

// Which rules that follow each other can become one lookup.
//
// They have the same matches in front, in the same order, and differ in the constants of one match (single
// values, prefixes, ranges, sets of them), or in several that are all single values. What stands behind the
// matches may differ freely: a lookup gives each key its own rest of the rule. Order is kept: a constant that
// an earlier rule has claimed for good (it ends in a verdict, come what may) stays with it; one that an
// earlier rule may let go on ends the group, because the later rule would have to be tried, too.

#include <span>
#include <vector>

#include "services/filter/language/rules.h"

namespace holm::filter::language {

struct Claim {
    std::vector<Range> key;
    std::size_t rule;  // in the group
};

struct Group {
    std::size_t size = 1;             // rules, from the first of the span on
    std::size_t matches = 0;          // in front of each
    std::vector<std::size_t> differ;  // places of the matches that make up the key
    std::vector<KeyPart> key;
    std::vector<Claim> claims;
};

// The longest group at the beginning of `rules`; of size 1 if nothing is to be gained.
Group find_group(std::span<const Rule> rules, bool inet);

// How many matches stand in front of a rule.
std::size_t leading_matches(const Rule& rule);

}  // namespace holm::filter::language
